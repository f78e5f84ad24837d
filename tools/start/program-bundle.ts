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

/** Says which exercise is missing when nobody catches it. */
const NOTICE = fileURLToPath(new URL('not-written-notice.ts', import.meta.url));

/** @returns the path of a module that Node runs as it is; with `--enable-source-maps` it knows lines */
export async function bundleProgram(request: BundleRequest): Promise<string> {
  const { root, main, conditions, loans } = request;
  const chapter = /(\d\d-[^/\\]+)[/\\][^/\\]+$/.exec(main)?.[1] ?? 'program';
  const choice = JSON.stringify([main, conditions, loans.map(({ files }) => files)]);
  const name = `${chapter}-${hashOf('4', choice, ...sources(root))}.mjs`;
  return (await cached(root, name, () => bundle(request))).path;
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

async function bundle({ root, main, conditions, loans }: BundleRequest): Promise<string> {
  const result = await build({
    stdin: {
      contents: `import ${JSON.stringify(NOTICE)};\nimport ${JSON.stringify(main)};\n`,
      resolveDir: root,
      loader: 'ts',
    },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    sourceRoot: `${root}/`,
    outdir: root,
    conditions: [...conditions],
    legalComments: 'none',
    banner: { js: REQUIRE },
    logLevel: 'silent',
    plugins: [...(loans.length > 0 ? [lending(root, loans)] : []), packagesInside],
  });
  return result.outputFiles[0]?.text ?? '';
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

/** A package whose modules ask for others in a way that a bundler does not see. */
const OUTSIDE: ReadonlySet<string> = new Set(['jsonc-parser']);
/** For packages that ask for Node's own modules. */
const REQUIRE =
  "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);";
/** Lines of packages are nobody's: a map of them would be most of the file. */
const NO_MAP = mapComment({ version: 3, sources: [], mappings: '' });

/** To find a package's hundred files takes Node longer than all that a program does before it begins. */
const packagesInside: Plugin = {
  name: 'packages-inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^.#/]/ }, ({ path }) =>
      OUTSIDE.has(path) ? { path, external: true } : undefined,
    );
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}\n${NO_MAP}`,
      loader: 'js',
    }));
  },
};

function mapComment(map: object): string {
  const text = Buffer.from(JSON.stringify(map)).toString('base64');
  return `//# sourceMappingURL=data:application/json;base64,${text}`;
}
