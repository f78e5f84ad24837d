/**
 * What the site adds to Markdown: links between files of the repository, and diagrams.
 *
 * Both are plain Markdown on GitHub: a relative link, and a `mermaid` fence.
 */

import { relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { type LinkPlace, siteLink } from './links.ts';

/** Teaches a Markdown renderer both additions. */
export function extendMarkdown(md: MarkdownRenderer, place: LinkPlace): void {
  drawDiagrams(md);
  resolveLinks(md, place);
  keepBraces(md);
}

/** VitePress hands pages to Vue; without this `{{ x }}` in a sentence would be run as code. */
function keepBraces(md: MarkdownRenderer): void {
  md.renderer.rules.text = (tokens, index) =>
    md.utils.escapeHtml(tokens[index]?.content ?? '').replaceAll('{{', '&#123;&#123;');
}

/** A `mermaid` fence becomes a diagram; its text travels in the page and is drawn in the browser. */
function drawDiagrams(md: MarkdownRenderer): void {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() === 'mermaid') {
      return `<MermaidDiagram source="${encodeURIComponent(token.content)}" />\n`;
    }
    return fence ? fence(tokens, index, options, env, self) : '';
  };
}

/** Runs before VitePress looks at links, so that its own dead-link check sees the final ones. */
function resolveLinks(md: MarkdownRenderer, place: LinkPlace): void {
  md.core.ruler.push('repository-links', (state) => {
    // `path` follows rewrites, `realPath` does not; the search index has the first only.
    const source: string | undefined = state.env.realPath ?? state.env.path;
    if (source === undefined) return;
    const from = relative(place.root, source).replaceAll('\\', '/');
    for (const block of state.tokens) {
      let plain = false;
      for (const token of block.children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? '';
          const link = siteLink(href, from, place);
          plain = link === 'plain text';
          if (link === 'plain text') {
            token.type = 'repository_file_open';
            token.tag = 'span';
            token.attrs = [['title', href.replace(/^(\.\.?\/)+/, '')]];
          } else token.attrSet('href', link.href);
        } else if (token.type === 'link_close' && plain) {
          token.type = 'repository_file_close';
          token.tag = 'span';
          plain = false;
        }
      }
    }
  });
}
