/** What of kube-proxy needs Node: what others import as `#kube-proxy/program`. */

export { newPortOpener } from './http-answers.ts';
export { newKernelApplier } from './kernel-applier.ts';
export { NetworkApplier } from './network-applier.ts';
export { type RunTool, runTool, ToolError, ToolMissingError } from './run-tool.ts';
