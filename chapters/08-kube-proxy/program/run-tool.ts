/** Runs a tool of this computer, with text for its standard input. */

import { spawn } from 'node:child_process';

/** A tool that ended badly. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError';
}

/** A tool that this computer does not have. */
export class ToolMissingError extends Error {
  override readonly name = 'ToolMissingError';
}

/**
 * Runs a tool.
 *
 * @returns what it wrote to standard output
 * @throws ToolError, as a rejection, with what it wrote to standard error; ToolMissingError when it is not
 * there
 */
export type RunTool = (tool: string, words: readonly string[], input?: string) => Promise<string>;

/** Runs tools of this computer. */
export const runTool: RunTool = (tool, words, input = '') =>
  new Promise((resolve, reject) => {
    const child = spawn(tool, words, { stdio: 'pipe' });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (piece) => {
      output += String(piece);
    });
    child.stderr.on('data', (piece) => {
      complaint += String(piece);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT';
      reject(isMissing ? new ToolMissingError(`${tool} is not installed`) : error);
    });
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new ToolError(`${tool} ended with ${code}: ${complaint.trim()}`));
    });
    // A tool that ends before it has read all says why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
