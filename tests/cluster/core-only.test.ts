/**
 * The cluster of somebody who wrote the core and nothing else: all extras are borrowed, and a Deployment
 * runs behind a Service.
 *
 * A student's folder is made for it, and then the solutions are out of its reach: what the cluster runs
 * can come from nowhere but `chapters/`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isConditionTrue, RealClock, silentLogger } from '#apimachinery';
import { DEPLOYMENTS, NODES, PODS, SERVICES } from '#client';
import { type OpenClient, openClient } from '#client/node';
import { readState } from '../../tools/course-state.ts';
import { borrowCommand } from '../../tools/start/exercise-commands.ts';
import { chapterFile, isNotWritten } from '../../tools/start/exercise-files.ts';
import { filesToBorrow } from '../../tools/start/originals.ts';
import { readSolutions } from '../../tools/start/solution-originals.ts';
import { type Chapter, readSyllabus } from '../../tools/syllabus.ts';
import { freePort } from '../conformance/apiserver/program.ts';
import { page } from './running-cluster.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const soon = { timeout: 60_000, interval: 200 };

/** Exercises of all chapters that are core, or not. */
function places(chapters: readonly Chapter[], isCore: boolean) {
  return chapters.flatMap((chapter) =>
    chapter.exercises
      .filter(({ core }) => core === isCore)
      .map((exercise) => ({ chapter, exercise })),
  );
}

/** A student's folder: the core of all chapters is written, every extra borrowed. */
async function newStudent(chapters: readonly Chapter[]): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'core-only-'));
  cpSync(join(ROOT, 'chapters'), join(root, 'chapters'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(join(ROOT, name), join(root, name));
  }
  for (const name of ['node_modules', 'tools', 'solutions']) {
    symlinkSync(join(ROOT, name), join(root, name), 'junction');
  }
  const solutions = readSolutions(ROOT);
  const originals = {
    stub: () => undefined,
    reference: ({ id }: Chapter, name: string) => solutions.get(`${id}/${name}`),
  };
  for (const place of places(chapters, true)) {
    for (const [name, text] of filesToBorrow(root, originals, place)) {
      const path = chapterFile(root, place.chapter.id, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  for (const { id } of chapters) {
    await borrowCommand({ root, args: ['--extras', id], print: () => {} });
  }
  // From here on there is no reference at all, and whoever asked for it would fail.
  rmSync(join(root, 'solutions'));
  mkdirSync(join(root, 'reference'));
  return root;
}

/** The files that a program is made of, from the student's folder. */
function sourcesOf(root: string): string[] {
  const folder = join(root, '.course', 'cache');
  const [map = ''] = readdirSync(folder).filter((name) => /^09-cluster-.*\.map$/.test(name));
  const text = readFileSync(join(folder, map), 'utf8');
  const { sources } = JSON.parse(text) as { sources: string[] };
  return sources.map((source) => relative(root, resolve(root, source)));
}

describe('a cluster of which only the core is the student’s', () => {
  const chapters = readSyllabus(ROOT);
  let root: string;
  let child: ChildProcess | undefined;
  let opened: OpenClient;
  let printed = '';

  beforeAll(async () => {
    root = await newStudent(chapters);
    const kubeconfig = join(root, 'kubeconfig');
    child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', join('tools', 'commands', 'cluster.ts')],
        ...['--mine', chapters.map(({ component }) => component).join(',')],
        ...['--port', String(await freePort()), '--no-page', '--kubeconfig', kubeconfig],
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await new Promise<void>((resolve, reject) => {
      child?.once('exit', (code) =>
        reject(new Error(`the cluster ended with ${code}: ${printed}`)),
      );
      child?.stdout?.on('data', (piece) => {
        printed += String(piece);
        if (/^ready$/m.test(printed)) resolve();
      });
    });
    opened = await openClient({ kubeconfig, clock: new RealClock(), log: silentLogger });
  }, 120_000);
  afterAll(async () => {
    await opened?.close();
    if (child?.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  }, 60_000);

  it('has the whole core written, and every extra borrowed', () => {
    const { exercises } = readState(root);
    for (const place of places(chapters, true)) expect(isNotWritten(root, place)).toBe(false);
    for (const { exercise } of places(chapters, true))
      expect(exercises[exercise.id]).toBe(undefined);
    for (const { exercise } of places(chapters, false)) {
      expect(exercises[exercise.id]?.borrowed, exercise.id).toBeDefined();
    }
  });

  it('runs the student’s files and nobody else’s', () => {
    expect(printed).toContain(`yours: ${chapters.map(({ component }) => component).join(', ')}\n`);
    expect(printed).not.toContain('reference');
    expect(existsSync(join(root, 'solutions'))).toBe(false);
    const sources = sourcesOf(root);
    const isOurs = (path: string): boolean => path.startsWith(`chapters${sep}`);
    const isEngines = (path: string): boolean =>
      /(?:^|[/\\])(?:node_modules|tools)[/\\]/.test(path);
    expect(sources.filter((path) => !isOurs(path) && !isEngines(path))).toEqual([]);
    for (const { chapter, exercise } of places(chapters, true)) {
      const used = exercise.files.filter((name) =>
        sources.includes(join('chapters', chapter.id, ...name.split('/'))),
      );
      expect(used, exercise.id).not.toEqual([]);
    }
  });

  it('has three nodes that are ready', async () => {
    const { items } = await opened.client.resource(NODES).list();
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['node-1', 'node-2', 'node-3']);
    expect(items.every(({ status }) => isConditionTrue(status?.conditions, 'Ready'))).toBe(true);
  });

  it('answers at a node port with the names of all pods of a Deployment', async () => {
    const { client } = opened;
    const labels = { app: 'whoami' };
    const container = { name: 'whoami', image: 'traefik/whoami', ports: [{ containerPort: 80 }] };
    await client.resource(DEPLOYMENTS, 'default').create({
      metadata: { name: 'whoami' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    });
    const { spec } = await client.resource(SERVICES, 'default').create({
      metadata: { name: 'whoami' },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80 }] },
    });
    const port = spec?.ports?.[0]?.nodePort;
    const names = new Set<string>();
    const ask = async (): Promise<number> => {
      const host = `127.0.0.${1 + (names.size % 3)}`;
      const text = await page(`http://${host}:${port}/`).catch(() => '');
      const [, name] = /^Hostname: (whoami-.*)$/m.exec(text) ?? [];
      if (name !== undefined) names.add(name);
      return names.size;
    };
    await expect.poll(ask, soon).toBe(3);
    const pods = (await client.resource(PODS, 'default').list()).items;
    expect(pods.map(({ metadata }) => metadata?.name).sort()).toEqual([...names].sort());
    expect(new Set(pods.map((pod) => pod.spec?.nodeName)).size).toBe(3);
  }, 90_000);

  it('lets a pod reach the Service by its name', async () => {
    const { client } = opened;
    const command = ['wget', '-qO-', 'http://whoami'];
    await client.resource(PODS, 'default').create({
      metadata: { name: 'asks' },
      spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox', command }] },
    });
    const log = () => client.raw('/api/v1/namespaces/default/pods/asks/log').catch(() => '');
    await expect.poll(log, soon).toMatch(/^Hostname: whoami-/m);
  }, 90_000);
});
