/**
 * The `kube-apiserver` program. Its flags are `wire/flags.ts`, what is made of them `wire/program.ts`.
 *
 * `npm run component -- --ref kube-apiserver --insecure-port 8080 --data-dir D`
 */

import { startProgram } from '#apimachinery/program';
import { newApiServer } from './server.ts';
import { NAME, parseFlags } from './wire/flags.ts';
import { runProgram } from './wire/program.ts';

startProgram({ name: NAME, parseFlags, run: (flags) => runProgram(flags, newApiServer) });
