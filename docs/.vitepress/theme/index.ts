/** VitePress's default theme without its web fonts, in the course's colours. */

import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { ExerciseTable } from './ExerciseTable.ts';
import { MermaidDiagram } from './MermaidDiagram.ts';
import './course.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('ExerciseTable', ExerciseTable);
    app.component('MermaidDiagram', MermaidDiagram);
  },
};

export default theme;
