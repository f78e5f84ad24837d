/** A plan as a file: what a failure leaves behind, so that its shortest story can be run again. */

import type { StormPlan } from './plan.ts';

/** What the file is called that holds the story of a seed. */
export function planFileName({ seed, nodes }: StormPlan): string {
  return `seed-${seed}-nodes-${nodes}.json`;
}

/** One happening a line, so that it can be read and edited. */
export function planText({ seed, nodes, storms, faults, deeds }: StormPlan): string {
  const lines = (things: readonly object[]): string =>
    things.map((thing) => `\n    ${JSON.stringify(thing)}`).join(',');
  return `{
  "seed": ${JSON.stringify(seed)},
  "nodes": ${nodes},
  "storms": [${lines(storms)}
  ],
  "faults": [${lines(faults)}
  ],
  "deeds": [${lines(deeds)}
  ]
}
`;
}

/** What each part of a plan must have, and of which type. */
const PARTS = {
  storms: { beginsAt: 'number', endsAt: 'number', calmUntil: 'number' },
  faults: { id: 'number', at: 'number', kind: 'string', target: 'string', ms: 'number' },
  deeds: { id: 'number', at: 'number', kind: 'string', target: 'string', amount: 'number' },
} as const;

/** @throws Error that says what is wrong with it */
export function parsePlan(text: string): StormPlan {
  const plan = JSON.parse(text) as Record<string, unknown>;
  for (const name of ['seed', 'nodes']) {
    if (typeof plan?.[name] !== 'number') throw new Error(`${name} is no number`);
  }
  for (const [part, fields] of Object.entries(PARTS)) {
    const things = plan[part];
    if (!Array.isArray(things)) throw new Error(`${part} is no list`);
    for (const [i, thing] of things.entries()) {
      for (const [field, type] of Object.entries(fields)) {
        if (typeof thing?.[field] === type) continue;
        throw new Error(`${part}[${i}].${field} is no ${type}`);
      }
    }
  }
  const sound = plan as unknown as StormPlan;
  if (sound.storms.length === 0) throw new Error('there is no storm in it');
  return sound;
}
