import { serveChild } from '../child/serve.ts';
import { readPaperFont } from './font.ts';
import type { Paper, RenderedPaper } from './paper.ts';
import { renderPaper } from './render.ts';

const font = readPaperFont();

serveChild<Paper[], RenderedPaper[]>(async (papers, context) => {
  const rendered: RenderedPaper[] = [];
  for (const paper of papers) {
    rendered.push(await renderPaper(paper, font));
    context.progress({ done: rendered.length, of: papers.length });
  }
  return rendered;
});
