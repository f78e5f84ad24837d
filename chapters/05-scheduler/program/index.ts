/** What of the scheduler needs Node: what others import as `#scheduler/program`. */

export { readConfiguration } from './configuration-file.ts';
