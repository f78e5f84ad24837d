/**
 * A program as one JavaScript file, so that starting it takes a fraction of a second.
 *
 * What the file is made of is in its name: it is built once, then found in `.course/cache`.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { cached, hashOf } from '../judge/hash.ts';
import { chapterFile, referenceFile, referenceFolder } from './exercise-files.ts';
import type { Loan } from './loans.ts';

/** What is bundled. */
export interface BundleRequest {
  /** The course's top folder. */
  readonly root: string;
  /** The program's main, absolute. */
  readonly main: string;
  /** Conditions of `package.json` `imports`: `ref-etcd`. */
  readonly conditions: readonly string[];
  /** What of the student's components comes from the reference. */
  readonly loans: readonly Loan[];
}

/** What comes before the main: stack traces with lines of ours, and the name of what is not written. */
const FIRST = ['source-lines.ts', 'not-written-notice.ts'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);

/**
 * Packages that Node loads: one whose modules ask for others in a way that a bundler does not see, and one
 * that uses `Buffer()`, of which Node warns everywhere but in `node_modules`.
 */
const OUTSIDE = ['jsonc-parser', 'spdy-transport'];
/** For packages that ask for Node's own modules. */
const REQUIRE =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";

/** @returns the path of a module that Node runs as it is; beside it lies the map of its lines */
export async function bundleProgram(request: BundleRequest): Promise<string> {
  const { root, main, conditions, loans } = request;
  const chapter = /(\d\d-[^/\\]+)[/\\][^/\\]+$/.exec(main)?.[1] ?? 'program';
  const choice = JSON.stringify([main, conditions, loans.map(({ files }) => files)]);
  const name = `${chapter}-${hashOf('8', choice, ...sources(root))}.mjs`;
  let built: Promise<Bundle> | undefined;
  const part = (of: keyof Bundle) => async (): Promise<string> => {
    built ??= bundle(request);
    return (await built)[of];
  };
  await cached(root, `${name}.map`, part('map'));
  return (await cached(root, name, part('program'))).path;
}

/** The text of everything that may be in a bundle. */
function sources(root: string): string[] {
  const folders = [join(root, 'chapters'), referenceFolder(root)];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|js|json)$/.test(file))
      .sort()
      .map((file) => join(folder, file)),
  );
  const rest = [join(root, 'package.json'), join(root, 'package-lock.json')];
  return [...files, ...rest]
    .filter((file) => existsSync(file))
    .flatMap((file) => [file, readFileSync(file, 'utf8')]);
}

/** Both files. */
interface Bundle {
  readonly program: string;
  readonly map: string;
}

async function bundle({ root, main, conditions, loans }: BundleRequest): Promise<Bundle> {
  const result = await build({
    stdin: {
      contents: [...FIRST, main].map((path) => `import ${JSON.stringify(path)};\n`).join(''),
      resolveDir: root,
      loader: 'ts',
    },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'external',
    sourcesContent: false,
    outdir: root,
    conditions: [...conditions],
    legalComments: 'none',
    banner: { js: REQUIRE },
    logLevel: 'silent',
    external: OUTSIDE,
    plugins: loans.length > 0 ? [lending(root, loans)] : [],
  });
  const textOf = (isMap: boolean): string =>
    result.outputFiles.find(({ path }) => path.endsWith('.map') === isMap)?.text ?? '';
  return { program: textOf(false), map: textOf(true) };
}

/**
 * What `loan-hooks.ts` does for Node's loader: a lent module keeps its place in `chapters/` and gets
 * its text from the reference.
 */
function lending(root: string, loans: readonly Loan[]): Plugin {
  const chapters = join(root, 'chapters');
  const lent = new Map(
    loans.flatMap(({ chapter, files }) =>
      files.map((name): [string, string] => [
        chapterFile(root, chapter.id, name),
        referenceFile(root, chapter.id, name),
      ]),
    ),
  );
  return {
    name: 'lending',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
        if (!importer.startsWith(chapters)) return undefined;
        const place = join(dirname(importer), path).replace(/\.js$/, '.ts');
        if (lent.has(place)) return { path: place };
        if (!lent.has(importer) || existsSync(place)) return undefined;
        // A file that only exercises' bodies use is in no skeleton: it is lent as well.
        const [id = '', ...name] = place.slice(chapters.length + 1).split(/[/\\]/);
        lent.set(place, referenceFile(root, id, name.join('/')));
        return { path: place };
      });
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const from = lent.get(path);
        if (from === undefined) return undefined;
        const contents = readFileSync(from, 'utf8');
        return { contents, loader: from.endsWith('.js') ? 'js' : 'ts', resolveDir: dirname(path) };
      });
    },
  };
}
