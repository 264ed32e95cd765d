import { ink, strong } from './draw.ts';
import type { PaperTable } from './paper.ts';
import type { Flow } from './render.ts';

const size = 9;
const pad = 5;

/** A ruled table that runs over pages with its head repeated; figures stand right-aligned as the columns say. */
export function drawTable(flow: Flow, table: PaperTable): void {
  const { pdf, legible, left } = flow;
  const shares = table.columns.map((column) => column.share ?? 1);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const widths = shares.map((share) => (flow.width * share) / total);

  const heightOf = (cells: string[]) => {
    pdf.fontSize(size);
    const heights = cells.map((cell, at) =>
      pdf.heightOfString(cell || ' ', { width: widths[at]! - 2 * pad, lineGap: 1.5 }),
    );
    return Math.max(...heights) + 2 * pad;
  };
  const drawCells = (cells: string[], bold: boolean, colour: string) => {
    let x = left;
    for (const [at, cell] of cells.entries()) {
      const options = {
        width: widths[at]! - 2 * pad,
        align: table.columns[at]!.align ?? 'left',
        lineGap: 1.5,
      } as const;
      const place = [x + pad, flow.y + pad] as const;
      if (bold) strong(pdf, size, colour, () => pdf.text(cell, ...place, { ...options, fill: true, stroke: true }));
      else
        pdf
          .fontSize(size)
          .fillColor(colour)
          .text(cell, ...place, options);
      x += widths[at]!;
    }
  };
  const rule = (weight: number, colour: string) => {
    pdf
      .moveTo(left, flow.y)
      .lineTo(left + flow.width, flow.y)
      .lineWidth(weight)
      .strokeColor(colour)
      .stroke();
  };
  const totals = table.totals?.map(legible);
  const titles = table.columns.map((column) => legible(column.title));
  const head = () => {
    const height = heightOf(titles);
    pdf.save().rect(left, flow.y, flow.width, height).fill(ink.accent).restore();
    drawCells(titles, true, '#ffffff');
    flow.y += height;
  };

  if (table.caption) {
    flow.room(70);
    strong(pdf, 10.5, ink.text, () =>
      pdf.text(legible(table.caption!), left, flow.y, { lineBreak: false, fill: true, stroke: true }),
    );
    flow.y += 20;
  }
  flow.room(heightOf(titles) + 24);
  head();
  for (const [at, row] of table.rows.entries()) {
    const cells = row.map(legible);
    const height = heightOf(cells);
    // The sum does not stand alone on a new page.
    const after = totals && at === table.rows.length - 1 ? heightOf(totals) : 0;
    if (flow.room(height + after)) head();
    if (at % 2 === 1) pdf.save().rect(left, flow.y, flow.width, height).fillOpacity(0.7).fill(ink.tint).restore();
    drawCells(cells, false, ink.text);
    flow.y += height;
    rule(0.4, ink.line);
  }
  if (totals) {
    const height = heightOf(totals);
    if (flow.room(height)) head();
    rule(1, ink.accent);
    drawCells(totals, true, ink.accent);
    flow.y += height;
    rule(1, ink.accent);
  }
  flow.y += 16;
}
