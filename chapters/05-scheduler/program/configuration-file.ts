/** Reads the file named by `--config`. What it may say is `profiles/configuration.ts`. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  ConfigurationError,
  parseConfiguration,
  type SchedulerConfiguration,
} from '../profiles/configuration.ts';

/**
 * @throws ConfigurationError naming the file, when it is no YAML or not what a scheduler can be told
 * @throws Error when it cannot be read
 */
export function readConfiguration(file: string): SchedulerConfiguration {
  const content = readFileSync(file, 'utf8');
  try {
    return parseConfiguration(parse(content));
  } catch (error) {
    throw new ConfigurationError(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}
