/**
 * The real kubectl, in every version that is installed, through a table of commands: one server, a
 * namespace for each version, what each command said compared row by row.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInstalled } from '../../../tools/checks/real-tools.ts';
import { type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';

/** The versions that the chapter promises to work with. */
const VERSIONS = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];
const COMMAND_MS = 30_000;

/** A command, what it must say, and whether it must fail. */
interface Row {
  readonly args: readonly string[];
  readonly input?: object;
  readonly says: RegExp;
  readonly fails?: true;
}

const configMap = (data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cm' },
  data,
});
const words = (text: string) => text.split(' ');
const applied = (data: object) => ({ args: words('apply -f -'), input: configMap(data) });
const serverSide = (manager: string, value: string, ...more: string[]) => ({
  args: ['apply', '--server-side', `--field-manager=${manager}`, ...more, '-f', '-'],
  input: { ...configMap({ k: value }), metadata: { name: 'ssa' } },
});

/** In this order: later rows see what earlier ones did. */
const ROWS: readonly Row[] = [
  { args: words('version -o json'), says: /"serverVersion"[\s\S]*"gitVersion": "v1\.33\.\d/ },
  { args: words('create serviceaccount default'), says: /^serviceaccount\/default created$/ },
  { ...applied({ k: '1', gone: 'x' }), says: /^configmap\/cm created$/ },
  { ...applied({ k: '1', gone: 'x' }), says: /^configmap\/cm unchanged$/ },
  { ...applied({ k: '2' }), says: /^configmap\/cm configured$/ },
  { args: ['get', 'cm', 'cm', '-o', 'jsonpath={.data}'], says: /^\{"k":"2"\}$/ },
  { args: words('get cm cm'), says: /^NAME +DATA +AGE\ncm +1 +\d+s$/ },
  { args: words('describe cm cm'), says: /^Name: +cm\n[\s\S]*Data\n====\nk:\n----\n2/ },
  { args: words('label cm cm tier=web'), says: /^configmap\/cm labeled$/ },
  { args: words('annotate cm cm note=x'), says: /^configmap\/cm annotated?$/ },
  { args: ['patch', 'cm', 'cm', '-p', '{"data":{"p":"1"}}'], says: /^configmap\/cm patched$/ },
  {
    args: ['patch', 'cm', 'cm', '--type=json', '-p', '[{"op":"remove","path":"/data/p"}]'],
    says: /^configmap\/cm patched$/,
  },
  { args: words('get cm -l tier=web -o name'), says: /^configmap\/cm$/ },
  { args: words('create configmap cm'), fails: true, says: /configmaps "cm" already exists$/ },
  { ...serverSide('one', '1'), says: /^configmap\/ssa serverside-applied$/ },
  { ...serverSide('two', '2'), fails: true, says: /conflict with "one": \.data\.k/ },
  { ...serverSide('two', '2', '--force-conflicts'), says: /^configmap\/ssa serverside-applied$/ },
  { args: words('create configmap dry --dry-run=server'), says: /created \(server dry run\)$/ },
  { args: words('get cm dry'), fails: true, says: /\(NotFound\): configmaps "dry" not found$/ },
  // From 1.32 on kubectl sends this as protobuf.
  {
    args: words('create deployment web --image=nginx:1.25 --replicas=2'),
    says: /^deployment\.apps\/web created$/,
  },
  {
    args: words('get deployment web -o wide'),
    says: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +0\/2 +0 +0 +\d+s +nginx +nginx:1\.25 +app=web$/,
  },
  { args: words('scale deployment web --replicas=3'), says: /^deployment\.apps\/web scaled$/ },
  {
    args: words('set image deployment/web nginx=nginx:1.26'),
    says: /^deployment\.apps\/web image updated$/,
  },
  {
    args: words('describe deployment web'),
    says: /Replicas: +3 desired[\s\S]*StrategyType: +RollingUpdate[\s\S]*Image: +nginx:1\.26/,
  },
  { args: words('expose deployment web --port=80'), says: /^service\/web exposed$/ },
  {
    args: words('get service web -o wide'),
    says: /\nweb +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP +\d+s +app=web$/,
  },
  { args: words('run solo --image=nginx'), says: /^pod\/solo created$/ },
  {
    args: words('get pod solo -o wide'),
    says: /\nsolo +0\/1 +Pending +0 +\d+s +<none> +<none> +<none> +<none>$/,
  },
  { args: words('describe pod solo'), says: /Status: +Pending[\s\S]*QoS Class: +BestEffort/ },
  { args: words('get all'), says: /pod\/solo [\s\S]*service\/web [\s\S]*deployment\.apps\/web / },
  {
    args: words('wait --for=jsonpath={.status.phase}=Pending pod/solo --timeout=10s'),
    says: /^pod\/solo condition met$/,
  },
  {
    args: words('create role reader --verb=get --resource=pods'),
    says: /^role\.rbac\.authorization\.k8s\.io\/reader created$/,
  },
  {
    args: words('create rolebinding readers --role=reader --user=jane'),
    says: /^rolebinding\.rbac\.authorization\.k8s\.io\/readers created$/,
  },
  { args: words('auth can-i delete pods'), says: /^yes$/ },
  { args: words('auth can-i delete pods --as=jane'), fails: true, says: /^no$/ },
  { args: words('auth can-i get pods --as=jane'), says: /^yes$/ },
  { args: words('create token default'), says: /^ey[\w-]+\.[\w-]+\.[\w-]+$/ },
  { args: words('create job once --image=busybox'), says: /^job\.batch\/once created$/ },
  { args: words('explain deployment.spec.replicas'), says: /FIELD: +replicas +<integer>/ },
  {
    args: words('api-resources --api-group=apps'),
    says: /\ndeployments +deploy +apps\/v1 +true +Deployment\n/,
  },
  { args: ['api-versions'], says: /^apps\/v1$/m },
  { args: words('get frobs'), fails: true, says: /doesn't have a resource type "frobs"$/ },
  {
    args: words('apply -f -'),
    input: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containerz: [] } },
    fails: true,
    says: /unknown field "spec\.containerz"/,
  },
  {
    args: words('create configmap Bad_Name'),
    fails: true,
    says: /ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value/,
  },
  { args: words('delete pod solo'), says: /^pod "solo" deleted/ },
  {
    args: words('wait --for=delete pod/solo --timeout=10s'),
    says: /^(?:pod\/solo condition met)?$/,
  },
  { args: words('get pods'), says: /^No resources found in [\w-]+ namespace\.$/ },
];

/** What a command printed, on both, and its exit code. */
interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

interface Kubectl {
  readonly name: string;
  readonly path: string;
}

/** `kubectl`, and each `kubectl.1.NN` in the folder where it really is. */
function installedKubectls(): Kubectl[] {
  const folder = (process.env.PATH ?? '')
    .split(delimiter)
    .find((one) => isInstalled('kubectl') && listOf(one).includes('kubectl'));
  if (folder === undefined) return [];
  const path = join(folder, 'kubectl');
  const beside = dirname(realpathSync(path));
  const versioned = listOf(beside).filter((name) => /^kubectl\.1\.\d+$/.test(name));
  return [
    { name: 'kubectl', path },
    ...versioned.sort().map((name) => ({ name, path: join(beside, name) })),
  ];
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const installed = installedKubectls();
const missing = VERSIONS.filter((one) => !installed.some(({ name }) => name.endsWith(`.${one}`)));
if (installed.length === 0)
  console.warn('SKIPPED: kubectl is not installed; nothing drives the API server');
else if (missing.length > 0) console.warn(`SKIPPED: kubectl ${missing.join(', ')}: not installed`);

let program: Program | undefined;
let folder = '';
const outcomes = new Map<string, readonly Outcome[]>();
const watched = new Map<string, string>();

/** Runs one command of one version in its namespace. */
async function run({ name, path }: Kubectl, args: readonly string[], input?: object) {
  const child = spawnKubectl({ name, path }, args);
  child.stdin.end(input === undefined ? '' : JSON.stringify(input));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      text += String(piece);
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code as number | null, text: text.trim() };
}

function spawnKubectl({ name, path }: Kubectl, args: readonly string[]) {
  const flags = [
    `--kubeconfig=${program?.kubeconfig}`,
    `--cache-dir=${join(folder, name)}`,
    `--namespace=${namespaceOf(name)}`,
  ];
  return spawn(path, [...flags, ...args], { stdio: 'pipe' });
}

const namespaceOf = (name: string) => name.replaceAll('.', '-');

async function runAll(kubectl: Kubectl): Promise<void> {
  await run(kubectl, ['create', 'namespace', namespaceOf(kubectl.name)]);
  const said: Outcome[] = [];
  for (const { args, input } of ROWS) said.push(await run(kubectl, args, input));
  outcomes.set(kubectl.name, said);
  watched.set(kubectl.name, await watchConfigMaps(kubectl));
}

/** What `get -w` says of a ConfigMap that comes, changes and goes. */
async function watchConfigMaps(kubectl: Kubectl): Promise<string> {
  const child = spawnKubectl(kubectl, words('get cm -w --no-headers --output-watch-events'));
  let text = '';
  const isOver = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  child.stdout.on('data', (piece) => {
    text += String(piece);
  });
  const said = async (what: RegExp) => {
    while (!what.test(text) && child.exitCode === null && child.signalCode === null) {
      await Promise.race([once(child.stdout, 'data'), isOver]);
    }
  };
  try {
    await said(/^ADDED +cm /m);
    await run(kubectl, words('create configmap seen'));
    await said(/^ADDED +seen /m);
    await run(kubectl, ['patch', 'cm', 'seen', '-p', '{"data":{"k":"1"}}']);
    await said(/^MODIFIED +seen /m);
    await run(kubectl, words('delete cm seen'));
    await said(/^DELETED +seen /m);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
  return text;
}

beforeAll(async () => {
  if (installed.length === 0) return;
  folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
  program = await startOurApiServer();
  await Promise.all(installed.map(runAll));
}, 300_000);

afterAll(async () => {
  await program?.stop();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

describe.skipIf(installed.length === 0)(
  installed.length === 0 ? 'kubectl (NOT RUN: it is not installed)' : 'kubectl',
  () => {
    it('is installed', () => expect(installed.length).toBeGreaterThan(0));
  },
);

describe.each(installed)('$name', ({ name }) => {
  it.each(ROWS.map((row, i) => [`${i + 1}: ${row.args.join(' ')}`, row, i] as const))(
    'answers %s',
    (_title, { says, fails = false }, i) => {
      const { code, text } = outcomes.get(name)?.[i] ?? { code: null, text: 'it did not run' };
      expect(text).toMatch(says);
      expect(code !== 0).toBe(fails);
    },
  );

  it('follows what happens with get -w', () => {
    const lines = (watched.get(name) ?? '').split('\n').filter((line) => line.includes(' seen '));
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });
});
