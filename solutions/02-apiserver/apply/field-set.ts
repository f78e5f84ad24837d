/**
 * A set of fields: who owns what is said with these.
 *
 * It is a set of paths, kept as a tree. What a path's steps are is in `path-element.ts`; how a set
 * is stored is in `fields-v1.ts`. Next: `fields-of.ts`, which makes a set of an object.
 */

import { comparePathElements, type Path, type PathElement } from './path-element.ts';

const NO_MEMBERS: ReadonlySet<PathElement> = new Set();
const NO_CHILDREN: ReadonlyMap<PathElement, FieldSet> = new Map();

/**
 * A set of paths.
 *
 * @remarks A path in the set says nothing of the paths above and below it: with `f:spec` alone,
 * neither the whole object nor `f:spec f:replicas` is in it. The empty path is never in a set.
 *
 * The tree: `members` are the paths of one step; `children` has, for a step, the set of what is
 * below it, from there on. Invariant: no set in `children` is empty. A set is changed only while it
 * is made, by `insert`, `addMember` and `setChild`; so sets may share what is below.
 *
 * ```text
 * f:spec f:replicas, f:spec f:template, f:kind
 * members {f:kind}    children {f:spec → members {f:replicas, f:template}, children {}}
 * ```
 *
 * @see sigs.k8s.io/structured-merge-diff/v4/fieldpath/set.go
 */
export class FieldSet {
  // Made when needed: most sets have only members or only children, and a pod has a hundred sets.
  #members: Set<PathElement> | undefined;
  #children: Map<PathElement, FieldSet> | undefined;

  get members(): ReadonlySet<PathElement> {
    return this.#members ?? NO_MEMBERS;
  }

  get children(): ReadonlyMap<PathElement, FieldSet> {
    return this.#children ?? NO_CHILDREN;
  }

  /** Makes a set of some paths. */
  static of(...paths: Path[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Adds a path of one step. */
  addMember(element: PathElement): void {
    this.#members ??= new Set();
    this.#members.add(element);
  }

  /** Says what is below a step, and no longer what was said before; an empty set is left out. */
  setChild(element: PathElement, below: FieldSet): void {
    if (below.isEmpty) return;
    this.#children ??= new Map();
    this.#children.set(element, below);
  }

  /** Adds a path; the empty one is left out. */
  insert(path: Path): void {
    const last = path.at(-1);
    if (last !== undefined) this.#above(path).addMember(last);
  }

  /** Adds all paths of another set below a path, where there were none. */
  graft(path: Path, below: FieldSet): void {
    const last = path.at(-1);
    if (last !== undefined && !below.isEmpty) this.#above(path).setChild(last, below);
  }

  /** Adds a path and all paths of another set below it. */
  insertWhole(path: Path, below: FieldSet): void {
    const last = path.at(-1);
    if (last === undefined) return;
    const above = this.#above(path);
    above.addMember(last);
    above.setChild(last, below);
  }

  /** The set in which a path's last step is, and to which something will be added. */
  #above(path: Path): FieldSet {
    let set: FieldSet = this;
    for (let i = 0; i < path.length - 1; i++) {
      const element = path[i] as PathElement;
      set.#children ??= new Map();
      let child = set.#children.get(element);
      if (child === undefined) {
        child = new FieldSet();
        set.#children.set(element, child);
      }
      set = child;
    }
    return set;
  }

  get isEmpty(): boolean {
    return this.#members === undefined && this.#children === undefined;
  }

  has(path: Path): boolean {
    let set: FieldSet | undefined = this;
    for (const element of path.slice(0, -1)) set = set?.children.get(element);
    const last = path.at(-1);
    return last !== undefined && set?.members.has(last) === true;
  }

  /** All paths: of each tree its members first, in the order of steps, then what is below. */
  *paths(): Generator<Path> {
    for (const element of [...this.members].sort(comparePathElements)) yield [element];
    const steps = [...this.children.keys()].sort(comparePathElements);
    for (const step of steps) {
      for (const path of this.children.get(step)?.paths() ?? []) yield [step, ...path];
    }
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /**
   * The paths that are in this set, in the other, or in both.
   *
   * @returns a set; neither of the two is changed, here as in the next two methods
   * @exercise apiserver/apply
   */
  union(other: FieldSet): FieldSet {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    const result = new FieldSet();
    for (const { members } of [this, other]) for (const member of members) result.addMember(member);
    for (const [element, child] of this.children) result.setChild(element, child);
    for (const [element, child] of other.children) {
      result.setChild(element, this.children.get(element)?.union(child) ?? child);
    }
    return result;
  }

  /**
   * The paths that are in both sets.
   *
   * @exercise apiserver/apply
   */
  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (other.members.has(member)) result.addMember(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs) result.setChild(element, child.intersection(theirs));
    }
    return result;
  }

  /**
   * The paths that are in this set and not in the other.
   *
   * @remarks Path by path: to take away `f:spec` takes away nothing below it.
   *
   * @exercise apiserver/apply
   */
  difference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.addMember(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.setChild(element, theirs ? child.difference(theirs) : child);
    }
    return result;
  }
}
