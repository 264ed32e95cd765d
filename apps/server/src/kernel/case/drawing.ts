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

const box = { width: 132, height: 44, gapX: 108, gapY: 56, margin: 24 } as const;

/** Column of each state: steps from the start. */
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

/** States that go on stand in columns; ends stand in a row of their own beneath, as near as can be to what leads to them. */
const placesOf = (table: Procedure, edges: readonly Edge[]): Map<string, Place> => {
  const columns = columnsOf(table, edges);
  const places = new Map<string, Place>();
  const heights = new Map<number, number>();
  const at = (column: number, row: number): Place => ({
    x: box.margin + column * (box.width + box.gapX),
    y: box.margin + row * (box.height + box.gapY),
  });
  for (const [id, state] of Object.entries(table.states)) {
    if (state.end) continue;
    const column = columns.get(id) ?? 0;
    const row = heights.get(column) ?? 0;
    heights.set(column, row + 1);
    // Neighbouring columns stand a little apart in height, so that arrows and labels do not lie on one line.
    const place = at(column, row);
    places.set(id, { x: place.x, y: place.y + (column % 2) * 16 });
  }
  const endRow = Math.max(...heights.values());
  const ends = Object.keys(table.states)
    .filter((id) => table.states[id]!.end)
    .sort((a, b) => (columns.get(a) ?? 0) - (columns.get(b) ?? 0));
  for (const [position, id] of ends.entries()) {
    const place = at(position, endRow);
    places.set(id, { x: place.x, y: place.y + 40 });
  }
  return places;
};

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);

const clip = (text: string, characters: number): string =>
  [...text].length > characters ? `${[...text].slice(0, characters - 1).join('')}…` : text;

interface Arrow {
  path: string;
  x: number;
  y: number;
}

const arrowOf = (from: Place, to: Place, toEnd: boolean): Arrow => {
  const half = box.width / 2;
  if (toEnd) {
    const [x1, y1, x2, y2] = [from.x + half, from.y + box.height, to.x + half, to.y];
    const middle = (y1 + y2) / 2;
    return { path: `M${x1} ${y1} C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`, x: x2, y: y2 - 10 };
  }
  if (to.x === from.x) {
    // Between two states of one column: down on the right, up on the left.
    const down = to.y > from.y;
    const x = from.x + half + (down ? 20 : -20);
    const [y1, y2] = down ? [from.y + box.height, to.y] : [from.y, to.y + box.height];
    return { path: `M${x} ${y1} L${x} ${y2}`, x: x + (down ? 32 : -32), y: (y1 + y2) / 2 };
  }
  const forward = to.x > from.x;
  const [x1, x2] = forward ? [from.x + box.width, to.x] : [from.x, to.x + box.width];
  const [y1, y2] = [from.y + box.height * (forward ? 0.35 : 0.72), to.y + box.height * (forward ? 0.35 : 0.72)];
  const bend = ((x2 - x1) / 2) * 0.9;
  return {
    path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
    x: (x1 + x2) / 2,
    y: (y1 + y2) / 2 + (forward ? -5 : 13),
  };
};

/** Colours come from the page (`currentColor`), so that it reads in light and dark. */
export const svgOf = (table: Procedure, language: Language): string => {
  const edges = edgesOf(table, language);
  const places = placesOf(table, edges);
  const width = Math.max(...[...places.values()].map((place) => place.x)) + box.width + box.margin;
  const height = Math.max(...[...places.values()].map((place) => place.y)) + box.height + box.margin;
  const arrows = edges.map((edge) => {
    const toEnd = table.states[edge.to]!.end === true;
    const { path, x, y } = arrowOf(places.get(edge.from)!, places.get(edge.to)!, toEnd);
    // The name of an end says what its arrows mean; their labels would only pile up above it.
    const label = toEnd ? '' : clip(edge.labels.join(' / '), language === 'zh' ? 9 : 18);
    return `<g><title>${escaped(edge.labels.join(' / '))}</title><path d="${path}"${toEnd ? ' stroke-dasharray="4 4"' : ''} marker-end="url(#tip)"/><text class="label" x="${x}" y="${y}">${escaped(label)}</text></g>`;
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
