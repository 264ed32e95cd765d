/** Drawings of a procedure, made from its table: Mermaid text and a standing-alone SVG. Pure. */
import type { Procedure } from '../rulepack/model.ts';

type Language = 'zh' | 'en';

interface Edge {
  from: string;
  to: string;
  labels: string[];
}

/** Moves between two states share one arrow; moves that stay are left out. */
const edgesOf = (table: Procedure, language: Language): Edge[] => {
  const edges = new Map<string, Edge>();
  for (const move of table.moves)
    for (const from of move.from) {
      if (move.to === 'stay' || move.to === from) continue;
      const key = `${from}>${move.to}`;
      const edge = edges.get(key) ?? { from, to: move.to, labels: [] };
      edge.labels.push(move.title[language]);
      edges.set(key, edge);
    }
  return [...edges.values()];
};

const quoted = (text: string): string => text.replace(/["\n;#]/g, ' ');

export const mermaidOf = (table: Procedure, language: Language): string => {
  const lines = ['stateDiagram-v2'];
  for (const [id, state] of Object.entries(table.states))
    lines.push(`  state "${quoted(state.title[language])}" as ${id}`);
  lines.push(`  [*] --> ${table.start}`);
  for (const edge of edgesOf(table, language))
    lines.push(`  ${edge.from} --> ${edge.to}: ${quoted(edge.labels.join(' / '))}`);
  for (const [id, state] of Object.entries(table.states)) if (state.end) lines.push(`  ${id} --> [*]`);
  return `${lines.join('\n')}\n`;
};

const box = { width: 132, height: 44, gapX: 96, gapY: 34, margin: 24 } as const;

/** Column of each state: steps from the start; ends stand one column beyond what leads to them. */
const columnsOf = (table: Procedure, edges: readonly Edge[]): Map<string, number> => {
  const columns = new Map([[table.start, 0]]);
  const queue = [table.start];
  for (let id = queue.shift(); id !== undefined; id = queue.shift())
    for (const edge of edges) {
      if (edge.from !== id || columns.has(edge.to)) continue;
      columns.set(edge.to, columns.get(id)! + 1);
      queue.push(edge.to);
    }
  return columns;
};

interface Place {
  x: number;
  y: number;
}

const placesOf = (table: Procedure, edges: readonly Edge[]): Map<string, Place> => {
  const rows = new Map<number, number>();
  const places = new Map<string, Place>();
  const columns = columnsOf(table, edges);
  // Ends go below the states that go on, so that the main path reads along the top.
  const order = Object.keys(table.states).sort(
    (a, b) => Number(table.states[a]!.end ?? false) - Number(table.states[b]!.end ?? false),
  );
  for (const id of order) {
    const column = columns.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    places.set(id, {
      x: box.margin + column * (box.width + box.gapX),
      y: box.margin + row * (box.height + box.gapY),
    });
  }
  return places;
};

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

const clip = (text: string, characters: number): string =>
  [...text].length > characters ? `${[...text].slice(0, characters - 1).join('')}…` : text;

const arrowOf = (from: Place, to: Place): { path: string; x: number; y: number } => {
  const forward = to.x > from.x;
  const x1 = forward ? from.x + box.width : to.x === from.x ? from.x + box.width : from.x;
  const x2 = forward ? to.x : to.x + box.width;
  const [y1, y2] = [from.y + box.height * (forward ? 0.42 : 0.68), to.y + box.height * (forward ? 0.42 : 0.68)];
  const bend = forward ? box.gapX / 2 : to.x === from.x ? box.gapX / 3 : -box.gapX / 2;
  const out = to.x === from.x ? bend : forward ? -bend : bend * -1;
  return {
    path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 + out} ${y2} ${x2} ${y2}`,
    x: (x1 + x2) / 2 + (to.x === from.x ? bend * 0.75 : 0),
    y: (y1 + y2) / 2 - 4,
  };
};

/** Colours come from the page (`currentColor`), so that it reads in light and dark. */
export const svgOf = (table: Procedure, language: Language): string => {
  const edges = edgesOf(table, language);
  const places = placesOf(table, edges);
  const width = Math.max(...[...places.values()].map((place) => place.x)) + box.width + box.margin;
  const height = Math.max(...[...places.values()].map((place) => place.y)) + box.height + box.margin;
  const arrows = edges.map((edge) => {
    const { path, x, y } = arrowOf(places.get(edge.from)!, places.get(edge.to)!);
    const label = clip(edge.labels.join(' / '), language === 'zh' ? 9 : 20);
    return `<g><title>${escaped(edge.labels.join(' / '))}</title><path d="${path}" marker-end="url(#tip)"/><text class="label" x="${x}" y="${y}">${escaped(label)}</text></g>`;
  });
  const boxes = Object.entries(table.states).map(([id, state]) => {
    const { x, y } = places.get(id)!;
    const shape = `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="${state.end ? 22 : 4}"${state.public ? ' class="public"' : ''}/>`;
    return `<g id="state-${id}"><title>${escaped(state.next[language])}</title>${shape}<text x="${x + box.width / 2}" y="${y + box.height / 2 + 5}">${escaped(clip(state.title[language], language === 'zh' ? 9 : 18))}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(table.title[language])}">
<style>text{font:14px system-ui,"Noto Sans SC",sans-serif;text-anchor:middle;fill:currentColor}.label{font-size:10px;opacity:.75}rect{fill:none;stroke:currentColor}.public{stroke-width:2.5}path{fill:none;stroke:currentColor;opacity:.45}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:currentColor"/></marker></defs>
${arrows.join('\n')}
${boxes.join('\n')}
</svg>
`;
};
