/**
 * A diagram, drawn in the browser from its text; redrawn when the colours change.
 *
 * The library is one file of the site, loaded only by pages that have a diagram. Without
 * JavaScript the reader sees the text.
 */

import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref, useId, watch } from 'vue';

interface Mermaid {
  initialize(config: Record<string, unknown>): void;
  render(id: string, text: string): Promise<{ svg: string }>;
}

let library: Promise<Mermaid> | undefined;

function loadLibrary(): Promise<Mermaid> {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = withBase('/generated/mermaid.min.js');
    script.onload = () => resolve((globalThis as unknown as { mermaid: Mermaid }).mermaid);
    script.onerror = () => reject(new Error(`${script.src} did not load`));
    document.head.append(script);
  });
  return library;
}

/** Colours that belong to the site's own, in both modes. */
function colours(dark: boolean): Record<string, string> {
  return dark
    ? {
        primaryColor: '#1d3147',
        primaryTextColor: '#e4edf6',
        primaryBorderColor: '#5f9fd8',
        lineColor: '#8fb0cf',
        secondaryColor: '#16323a',
        tertiaryColor: '#1b2430',
        noteBkgColor: '#3a3420',
        noteTextColor: '#f1e9cf',
        noteBorderColor: '#8a7a3f',
      }
    : {
        primaryColor: '#e3eefa',
        primaryTextColor: '#16304a',
        primaryBorderColor: '#2b6cb0',
        lineColor: '#4a6a8a',
        secondaryColor: '#e0f3f1',
        tertiaryColor: '#f4f7fa',
        noteBkgColor: '#fdf6dc',
        noteTextColor: '#4b4017',
        noteBorderColor: '#d8c269',
      };
}

export const MermaidDiagram = defineComponent({
  name: 'MermaidDiagram',
  props: { source: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData();
    const text = decodeURIComponent(props.source);
    const id = `diagram-${useId()}`;
    const svg = ref('');
    const problem = ref('');

    async function draw(): Promise<void> {
      try {
        const mermaid = await loadLibrary();
        mermaid.initialize({
          startOnLoad: false,
          securityLevel: 'strict',
          theme: 'base',
          fontFamily: 'inherit',
          themeVariables: { darkMode: isDark.value, ...colours(isDark.value) },
        });
        svg.value = (await mermaid.render(id, text)).svg;
        problem.value = '';
      } catch (error) {
        problem.value = String(error);
      }
    }

    onMounted(draw);
    watch([isDark, () => props.source], draw);
    return () => {
      if (svg.value) return h('figure', { class: 'diagram', innerHTML: svg.value });
      return h('figure', { class: 'diagram' }, [
        h('pre', { class: 'diagram-text' }, text),
        problem.value ? h('figcaption', `This diagram cannot be drawn: ${problem.value}`) : null,
      ]);
    };
  },
});
