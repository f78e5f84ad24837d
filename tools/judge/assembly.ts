/**
 * Everything one run links: the graded component and, from there, every other one it reaches.
 */

import type { Chapter } from '../syllabus.ts';
import { requiredBy } from './compile.ts';
import { type Gathered, gather } from './component.ts';

/** Modules with the names they are imported by from outside their component. */
export interface Assembly {
  readonly modules: readonly Gathered[];
  /** `#etcd` to `etcd/index.ts`. */
  readonly surfaces: Readonly<Record<string, string>>;
}

/** Whose code each component is. */
export interface AssemblyOptions {
  readonly root: string;
  readonly chapters: readonly Chapter[];
  readonly whose: (component: string) => 'mine' | 'reference';
  /** Folders of student's files that are not in `chapters/`, by component. */
  readonly folders?: ReadonlyMap<string, string>;
  readonly borrowed?: ReadonlySet<string>;
}

/**
 * Gathers what the texts need.
 *
 * @param codes - compiled texts, usually the hidden tests; their `#component` imports are followed
 */
export async function assemble(
  codes: readonly string[],
  options: AssemblyOptions,
): Promise<Assembly> {
  const surfaces: Record<string, string> = {};
  const modules = new Map<string, Gathered>();
  let open = componentImports(codes);
  while (open.length > 0) {
    const added: Gathered[] = [];
    for (const name of open) {
      const [component = '', ...rest] = name.slice(1).split('/');
      const chapter = options.chapters.find((one) => one.component === component);
      if (!chapter) continue;
      const path = [...rest, 'index.ts'].join('/');
      surfaces[name] = `${component}/${path}`;
      const { root, borrowed } = options;
      const whose = options.whose(component);
      const folder = options.folders?.get(component);
      added.push(...(await gather({ root, chapter, whose, folder, borrowed }, [path])));
    }
    for (const module of added) modules.set(module.key, module);
    const wanted = componentImports(added.flatMap((module) => module.code ?? []));
    open = wanted.filter((name) => !(name in surfaces) && isComponent(name, options.chapters));
  }
  return { modules: [...modules.values()], surfaces };
}

function componentImports(codes: readonly string[]): string[] {
  const names = codes.flatMap(requiredBy).filter((name) => name.startsWith('#'));
  return [...new Set(names)].filter((name) => name !== '#kit' && name !== '#not-implemented');
}

function isComponent(name: string, chapters: readonly Chapter[]): boolean {
  return chapters.some((chapter) => chapter.component === name.slice(1).split('/')[0]);
}
