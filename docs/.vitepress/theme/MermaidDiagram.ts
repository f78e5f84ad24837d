/**
 * A diagram, drawn in the browser from its text; redrawn when the colours change.
 *
 * The library is one file of the site, loaded only by pages that have a diagram. Without
 * JavaScript the reader sees the text.
 */

import { useData, withBase } from 'vitepress';
import { defineComponent, h, nextTick, onMounted, ref, useId, watch } from 'vue';

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
        edgeLabelBackground: '#1b1b1f',
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
        edgeLabelBackground: '#ffffff',
        noteBkgColor: '#fdf6dc',
        noteTextColor: '#4b4017',
        noteBorderColor: '#d8c269',
      };
}

/** On a narrow screen a wide diagram is scrolled, not shrunk until nobody can read it. */
function keepReadable(svg: string): string {
  return svg.replace(
    /max-width: ([\d.]+)px/,
    (all, width) => `${all}; min-width: ${Math.round(Number(width) * 0.55)}px`,
  );
}

const MOVES = ['wheel', 'touchmove', 'keydown', 'pointerdown'] as const;

/**
 * A diagram above the section that the address names pushes it down when it is drawn.
 *
 * @returns puts the section back in its place, unless the reader has moved since
 */
function holdSection(): () => void {
  let moved = false;
  const onMove = () => {
    moved = true;
  };
  for (const name of MOVES) window.addEventListener(name, onMove, { once: true, passive: true });
  return () => {
    for (const name of MOVES) window.removeEventListener(name, onMove);
    const id = decodeURIComponent(location.hash.slice(1));
    if (!moved && id) document.getElementById(id)?.scrollIntoView({ behavior: 'instant' });
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
        svg.value = keepReadable((await mermaid.render(id, text)).svg);
        problem.value = '';
      } catch (error) {
        problem.value = String(error);
      }
    }

    onMounted(async () => {
      const release = holdSection();
      await draw();
      await nextTick();
      release();
    });
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
