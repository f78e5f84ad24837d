/**
 * Check: who may import whom, and where time, chance and the platform enter.
 *
 * The tables are the rule; the code below only reads imports and names. As in Kubernetes, only the
 * API server talks to etcd, and everyone else only to the API server.
 */

import { posix } from 'node:path';
import ts from 'typescript';
import type { Check } from './check.ts';
import { importsOf, lineOf, listFiles, readSource } from './source-files.ts';

/** Component to the components it may import, in the order of the chapters. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  apimachinery: [],
  etcd: ['apimachinery'],
  apiserver: ['apimachinery', 'etcd'],
  client: ['apimachinery'],
  'controller-manager': ['apimachinery', 'client'],
  scheduler: ['apimachinery', 'client'],
  'container-runtime': ['apimachinery'],
  kubelet: ['apimachinery', 'client', 'container-runtime'],
  'kube-proxy': ['apimachinery', 'client'],
  cluster: [
    'apimachinery',
    'etcd',
    'apiserver',
    'client',
    'controller-manager',
    'scheduler',
    'container-runtime',
    'kubelet',
    'kube-proxy',
  ],
};

/** Imports that only some files of a component may have. */
export const ONLY_IN: readonly { from: string; import: RegExp; files: RegExp }[] = [
  { from: 'apiserver', import: /^#etcd/, files: /^storage\// },
  { from: 'kubelet', import: /^#container-runtime(?!\/(cri|wire)$)/, files: /^$/ },
  { from: 'kubelet', import: /^#container-runtime\/wire$/, files: /^(main\.ts$|program\/)/ },
];

/** npm packages and the files of a component that may import them. */
export const PACKAGES: readonly { name: string; component: string; files: RegExp }[] = [
  { name: 'commander', component: 'apimachinery', files: /^program\// },
  { name: 'sorted-btree', component: 'etcd', files: /^tree-index\.ts$/ },
  { name: 'commander', component: 'etcd', files: /^main\.ts$/ },
  { name: '@grpc/grpc-js', component: 'etcd', files: /^(grpc|main)\// },
  { name: '@grpc/proto-loader', component: 'etcd', files: /^(grpc|main)\// },
  { name: 'kubernetes-types', component: 'apimachinery', files: /./ },
  { name: 'kubernetes-types', component: 'apiserver', files: /./ },
  { name: 'kubernetes-types', component: 'client', files: /./ },
  { name: 'kubernetes-types', component: 'controller-manager', files: /./ },
  { name: 'kubernetes-types', component: 'scheduler', files: /./ },
  { name: 'kubernetes-types', component: 'kubelet', files: /./ },
  { name: 'commander', component: 'scheduler', files: /^(main\.ts$|program\/)/ },
  { name: 'yaml', component: 'scheduler', files: /^program\// },
  { name: '@grpc/grpc-js', component: 'container-runtime', files: /^wire\// },
  { name: 'ws', component: 'container-runtime', files: /^wire\// },
  { name: 'commander', component: 'container-runtime', files: /^(main\.ts$|program\/)/ },
  { name: 'commander', component: 'kubelet', files: /^(main\.ts$|program\/)/ },
  { name: 'yaml', component: 'kubelet', files: /^program\// },
  { name: '@peculiar/x509', component: 'kubelet', files: /^program\// },
  { name: 'ws', component: 'kubelet', files: /^program\// },
  { name: 'spdy-transport', component: 'kubelet', files: /^program\// },
  { name: 'kubernetes-types', component: 'kube-proxy', files: /./ },
  { name: 'commander', component: 'kube-proxy', files: /^(main\.ts$|program\/)/ },
  { name: 'dns-packet', component: 'cluster', files: /^dns\/dns-messages\.ts$/ },
  { name: 'kubernetes-types', component: 'cluster', files: /./ },
  { name: 'commander', component: 'cluster', files: /^(main\.ts$|program\/)/ },
  { name: 'htm', component: 'cluster', files: /^page\/browser\// },
  { name: 'preact', component: 'cluster', files: /^page\/browser\// },
  { name: 'yaml', component: 'cluster', files: /^program\// },
  { name: '@peculiar/x509', component: 'cluster', files: /^program\// },
  { name: '@marcbachmann/cel-js', component: 'apiserver', files: /^wire\/cel\.ts$/ },
  { name: '@peculiar/x509', component: 'apiserver', files: /^wire\// },
  { name: 'commander', component: 'apiserver', files: /^wire\/flags\.ts$/ },
  { name: '@peculiar/x509', component: 'controller-manager', files: /^program\// },
  { name: 'commander', component: 'controller-manager', files: /^(main\.ts$|program\/)/ },
  { name: 'jsonc-parser', component: 'apiserver', files: /^wire\/text-parsers\.ts$/ },
  { name: 'undici', component: 'client', files: /^node\// },
  { name: 'yaml', component: 'client', files: /^node\// },
  { name: 'yaml', component: 'apiserver', files: /^wire\/text-parsers\.ts$/ },
];

/** The files where the real clock, chance, ports and directories enter: adapters and mains. */
export const PLATFORM: readonly { component: string; files: RegExp; why: string }[] = [
  { component: 'apimachinery', files: /^real-(clock|random)\.ts$/, why: 'real time and chance' },
  { component: 'apimachinery', files: /^program\//, why: 'flags, a port, the parent process' },
  { component: 'apimachinery', files: /^node-file-system\.ts$/, why: 'files on a real disk' },
  { component: 'apimachinery', files: /^console-logger\.ts$/, why: 'lines on standard error' },
  { component: 'etcd', files: /^byte-string\.ts$/, why: 'Buffer, the cheapest latin1 codec' },
  { component: 'etcd', files: /^grpc\//, why: 'gRPC over real sockets' },
  { component: 'etcd', files: /^main\.ts$/, why: 'the etcd program' },
  { component: 'etcd', files: /^(node-disk|lock-file)\.ts$/, why: 'the log on a real disk' },
  { component: 'apiserver', files: /^wire\//, why: 'HTTP, TLS and certificates' },
  { component: 'apiserver', files: /^main\.ts$/, why: 'the kube-apiserver program' },
  { component: 'client', files: /^node\//, why: 'kubeconfig files, HTTPS with certificates' },
  {
    component: 'controller-manager',
    files: /^program\//,
    why: 'keys and the signing of certificates, flags, a port',
  },
  {
    component: 'controller-manager',
    files: /^main\.ts$/,
    why: 'the kube-controller-manager program',
  },
  { component: 'scheduler', files: /^program\//, why: 'flags, configuration files, a port' },
  { component: 'scheduler', files: /^main\.ts$/, why: 'the kube-scheduler program' },
  { component: 'container-runtime', files: /^wire\//, why: 'the CRI over gRPC on a socket' },
  { component: 'container-runtime', files: /^program\//, why: 'flags, a directory' },
  { component: 'container-runtime', files: /^main\.ts$/, why: 'the container-runtime program' },
  { component: 'kubelet', files: /^program\//, why: 'flags, HTTPS, WebSocket and SPDY' },
  { component: 'kubelet', files: /^main\.ts$/, why: 'the kubelet program' },
  {
    component: 'kube-proxy',
    files: /^program\//,
    why: 'flags, ports, the kernel of this computer',
  },
  { component: 'kube-proxy', files: /^main\.ts$/, why: 'the kube-proxy program' },
  { component: 'cluster', files: /^dns\/dns-messages\.ts$/, why: 'Buffer, which dns-packet takes' },
  { component: 'cluster', files: /^program\//, why: 'ports, files, processes, certificates' },
  { component: 'cluster', files: /^page\/(server|browser)\//, why: 'a port, a browser' },
  { component: 'cluster', files: /^main\.ts$/, why: 'the cluster program' },
];

/** Names that bring time, chance or the platform in, where no import shows it. */
const PLATFORM_NAMES = new Set([
  'process',
  'Buffer',
  'console',
  'fetch',
  'crypto',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
]);
const PLATFORM_MEMBERS = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout']);

/** Fails on an import or a platform name that the tables do not allow, and on import cycles. */
export const layering: Check = {
  name: 'layering',
  run: (root) => [...orderOfComponents(), ...solutionFiles(root), ...hiddenTests(root)],
};

/** The table has no cycle when each component imports only those above it. */
function orderOfComponents(): string[] {
  const names = Object.keys(MAY_IMPORT);
  return names.flatMap((name, i) =>
    (MAY_IMPORT[name] ?? [])
      .filter((other) => !names.slice(0, i).includes(other))
      .map((other) => `MAY_IMPORT: ${name} may import ${other}, which is not above it`),
  );
}

function solutionFiles(root: string): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  for (const path of listFiles(root, 'solutions', '.ts')) {
    const file = readSource(root, path);
    problems.push(...problemsOfSource(path, file));
    const relative = importsOf(file).filter((i) => !i.isTypeOnly && i.specifier.startsWith('.'));
    graph.set(
      path,
      relative.map((i) => posix.join(posix.dirname(path), i.specifier)),
    );
  }
  return [...problems, ...cycles(graph)];
}

/**
 * What one file of a solution does that the tables do not allow.
 *
 * @param path - for example `solutions/01-etcd/range.ts`
 */
export function problemsOfSource(path: string, file: ts.SourceFile): string[] {
  const [, folder = '', ...rest] = path.split('/');
  const component = folder.replace(/^\d\d-/, '');
  const place = { component, inner: rest.join('/'), folder };
  const imports = importsOf(file).flatMap(({ specifier, isTypeOnly, line }) => {
    // A type of the platform brings nothing in.
    if (isTypeOnly && specifier.startsWith('node:')) return [];
    const problem = problemOfImport(specifier, place);
    return problem === undefined ? [] : [`${path}:${line}: ${problem}`];
  });
  return allowsPlatform(place) ? imports : [...imports, ...platformNames(path, file)];
}

interface Place {
  readonly component: string;
  /** Path inside the component, for example `grpc/server.ts`. */
  readonly inner: string;
  readonly folder: string;
}

function problemOfImport(specifier: string, place: Place): string | undefined {
  const { component, inner, folder } = place;
  if (specifier.startsWith('.')) {
    const target = posix.join(folder, posix.dirname(inner), specifier);
    return target.startsWith(`${folder}/`) ? undefined : `"${specifier}" leaves the component`;
  }
  if (specifier.startsWith('node:')) {
    return allowsPlatform(place) ? undefined : `only adapters and mains import "${specifier}"`;
  }
  if (specifier.startsWith('#')) return problemOfComponentImport(specifier, place);
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
  const allowed = PACKAGES.some(
    (p) => p.name === name && p.component === component && p.files.test(inner),
  );
  return allowed ? undefined : `package "${name}" is not in the table for this file`;
}

function problemOfComponentImport(
  specifier: string,
  { component, inner }: Place,
): string | undefined {
  if (specifier === '#not-implemented') return undefined;
  const other = /^#([^/]+)/.exec(specifier)?.[1] ?? '';
  if (other === component) return `files of a component import each other as "./x.ts"`;
  const all = MAY_IMPORT[component];
  if (all === undefined) return `component ${component} is not in the table`;
  if (!all.includes(other)) return `${component} may not import "${specifier}"`;
  const limit = ONLY_IN.find((rule) => rule.from === component && rule.import.test(specifier));
  return limit && !limit.files.test(inner) ? `"${specifier}" is not for this file` : undefined;
}

function allowsPlatform({ component, inner }: Place): boolean {
  return PLATFORM.some((entry) => entry.component === component && entry.files.test(inner));
}

function platformNames(path: string, file: ts.SourceFile): string[] {
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = platformName(node);
    if (name) {
      problems.push(`${path}:${lineOf(file, node)}: ${name} is for adapters and mains only`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return problems;
}

function platformName(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date') {
    return (node.arguments ?? []).length === 0 ? 'new Date()' : undefined;
  }
  if (ts.isPropertyAccessExpression(node)) {
    return PLATFORM_MEMBERS.has(node.getText()) ? node.getText() : undefined;
  }
  if (!ts.isIdentifier(node) || !PLATFORM_NAMES.has(node.text)) return undefined;
  return isFreeName(node) && !isLocal(node) ? node.text : undefined;
}

/** Is it a parameter or variable of some block around it that only has the platform's name? */
function isLocal(node: ts.Identifier): boolean {
  for (let around: ts.Node = node.parent; !ts.isSourceFile(around); around = around.parent) {
    if (ts.isFunctionLike(around) && around.parameters.some((one) => declares(one, node.text))) {
      return true;
    }
    if ((ts.isForOfStatement(around) || ts.isForStatement(around)) && around.initializer) {
      const { initializer } = around;
      if (ts.isVariableDeclarationList(initializer) && listDeclares(initializer, node.text)) {
        return true;
      }
    }
    if (ts.isBlock(around) && around.statements.some((one) => blockDeclares(one, node.text))) {
      return true;
    }
  }
  return false;
}

function blockDeclares(statement: ts.Statement, name: string): boolean {
  return ts.isVariableStatement(statement) && listDeclares(statement.declarationList, name);
}

function listDeclares(list: ts.VariableDeclarationList, name: string): boolean {
  return list.declarations.some((one) => declares(one, name));
}

function declares(
  { name: bound }: ts.ParameterDeclaration | ts.VariableDeclaration | ts.BindingElement,
  name: string,
): boolean {
  if (ts.isIdentifier(bound)) return bound.text === name;
  return bound.elements.some((one) => ts.isBindingElement(one) && declares(one, name));
}

/** Is an identifier a name by itself, not a member, a declaration or a type? */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isExpression(node) && !ts.isTypeNode(parent) && !isNameOf(parent, node);
}

function isNameOf(parent: ts.Node, node: ts.Identifier): boolean {
  return 'name' in parent && parent.name === node;
}

/** Hidden tests see only the kit and components' public surfaces. */
function hiddenTests(root: string): string[] {
  const hidden = listFiles(root, 'tests', '.test.ts').filter((path) =>
    /^tests\/\d\d-[^/]+\/[^/]+$/.test(path),
  );
  return hidden.flatMap((path) =>
    importsOf(readSource(root, path))
      .filter(({ specifier }) => !specifier.startsWith('#'))
      .map((i) => `${path}:${i.line}: a hidden test may not import "${i.specifier}"`),
  );
}

/**
 * Finds import cycles among files; type imports do not count.
 *
 * @returns one line for each cycle found, from the file where it closes
 */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push(`import cycle: ${[...trail.slice(at), path].join(' → ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}
