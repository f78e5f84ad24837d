/** A scheduler's decision as a table for people. What is in it is written by the scheduler as data. */

/** What a plugin refused a node with. */
interface Refusal {
  readonly plugin: string;
  readonly reasons: readonly string[];
}

/** What a plugin thought of a node. */
interface Score {
  readonly plugin: string;
  readonly raw: number;
  readonly normalized: number;
  readonly weight: number;
  readonly weighted: number;
}

/** What a scheduler's `/debug/decisions` answers. */
export interface Decision {
  readonly namespace: string;
  readonly name: string;
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly totalNodes: number;
  readonly preFilter: readonly Refusal[];
  readonly nodes: readonly {
    readonly name: string;
    readonly refusal?: Refusal;
    readonly scores: readonly Score[];
    readonly total: number;
  }[];
  readonly nodeName?: string;
  readonly error?: string;
}

/**
 * The lines of the table: the outcome, the nodes that could do with their scores (`raw → normalised ×
 * weight = weighted`), the nodes that could not with the reason.
 */
export function decisionTable(decision: Decision): string[] {
  const { namespace, name, attempt, at, nodes, totalNodes, preFilter } = decision;
  const when = new Date(at).toISOString();
  const refused = nodes.filter(({ refusal }) => refusal);
  const able = nodes.filter(({ refusal }) => !refusal).sort((a, b) => b.total - a.total);
  return [
    `pod ${namespace}/${name}, attempt ${attempt}, ${when}`,
    decision.nodeName ? `→ ${decision.nodeName}` : `→ nowhere: ${decision.error ?? ''}`,
    '',
    `${totalNodes} nodes, ${nodes.length} asked, ${able.length} can do, ${refused.length} refused`,
    ...preFilter.map(({ plugin, reasons }) => `all refused by ${plugin}: ${reasons.join(', ')}`),
    ...scoreTable(able),
    ...refusalTable(refused),
  ];
}

function scoreTable(nodes: Decision['nodes']): string[] {
  if (nodes.length === 0) return [];
  const plugins = [...new Set(nodes.flatMap(({ scores }) => scores.map(({ plugin }) => plugin)))];
  // One node that can do is taken without a look at how good it is.
  if (plugins.length === 0) return ['', ...nodes.map(({ name }) => `${name}  (not scored)`)];
  const rows = nodes.map(({ name, total, scores }) => [
    name,
    String(total),
    ...plugins.map((plugin) => scoreText(scores.find((score) => score.plugin === plugin))),
  ]);
  return ['', ...columns([['NODE', 'TOTAL', ...plugins], ...rows])];
}

function scoreText(score: Score | undefined): string {
  if (!score) return '-';
  const { raw, normalized, weight, weighted } = score;
  const rounded = Number.isInteger(raw) ? String(raw) : raw.toFixed(2);
  return `${rounded} → ${normalized} × ${weight} = ${weighted}`;
}

function refusalTable(nodes: Decision['nodes']): string[] {
  if (nodes.length === 0) return [];
  const rows = nodes.map(({ name, refusal }) => [
    name,
    refusal?.plugin ?? '',
    refusal?.reasons.join(', ') ?? '',
  ]);
  return ['', ...columns([['REFUSED', 'BY', 'BECAUSE'], ...rows])];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
