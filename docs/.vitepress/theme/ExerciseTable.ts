/** Every chapter's exercises, with what each is worth and what it builds on. */

import { withBase } from 'vitepress';
import { defineComponent, h, type VNode } from 'vue';
import { type ChapterRows, data, type ExerciseRow } from './exercises.data.ts';

function linked(text: string, link: string | undefined): VNode | string {
  return link ? h('a', { href: withBase(link) }, text) : text;
}

function row(exercise: ExerciseRow, numbers: ReadonlyMap<string, string>): VNode {
  const needs = exercise.needs?.map((id) => numbers.get(id) ?? id).join(', ');
  return h('tr', { class: exercise.core ? 'core' : 'extra' }, [
    h('td', exercise.number),
    h('td', [linked(exercise.title, exercise.link), ' ', h('code', exercise.id)]),
    h('td', exercise.core ? 'core' : 'extra'),
    h('td', `${exercise.hours}`),
    h('td', exercise.core ? `${exercise.points}` : `+${exercise.points}`),
    needs === undefined ? null : h('td', needs || 'nothing'),
  ]);
}

function table(chapter: ChapterRows, numbers: ReadonlyMap<string, string>): VNode[] {
  const measured = chapter.exercises.some((exercise) => exercise.needs !== undefined);
  const heads = ['', 'Exercise', '', 'Hours', 'Points', ...(measured ? ['Builds on'] : [])];
  return [
    h(
      'h2',
      { id: chapter.id, class: 'chapter-heading' },
      linked(`${chapter.id.slice(0, 2)} ${chapter.title}`, chapter.link),
    ),
    h('table', { class: 'exercises' }, [
      h(
        'thead',
        h(
          'tr',
          heads.map((text) => h('th', text)),
        ),
      ),
      h(
        'tbody',
        chapter.exercises.map((exercise) => row(exercise, numbers)),
      ),
    ]),
  ];
}

export const ExerciseTable = defineComponent({
  name: 'ExerciseTable',
  setup() {
    const numbers = new Map(data.flatMap((c) => c.exercises.map((e) => [e.id, e.number])));
    return () =>
      h(
        'div',
        data.flatMap((chapter) => table(chapter, numbers)),
      );
  },
});
