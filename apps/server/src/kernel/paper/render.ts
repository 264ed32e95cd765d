import PDFDocument from 'pdfkit';
import { drawFrame, drawQr, drawSeal, drawWatermark, ink, type Pdf, sheet, strong } from './draw.ts';
import { type GlyphSource, legibleWith } from './font.ts';
import { checkPaper, limit, type MissingGlyph, type Paper, type RenderedPaper } from './paper.ts';
import { drawTable } from './table.ts';

/** Where the next thing goes; a new page is begun when it does not fit. */
export interface Flow {
  pdf: Pdf;
  legible: (text: string) => string;
  left: number;
  width: number;
  y: number;
  bottom: number;
  /** Makes room for `height` points; answers true when that took a new page. @throws ChildError paper.limit */
  room(height: number): boolean;
}

const qrWidth = 74;
const sealRadius = 52;

/**
 * Draws a paper. Pure apart from the font handed in: no clock, no chance; equal input gives equal bytes.
 *
 * @throws ChildError paper.limit, paper.invalid
 */
export async function renderPaper(paper: Paper, font: Buffer): Promise<RenderedPaper> {
  checkPaper(paper);
  const pdf = newDocument(paper);
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const finished = new Promise<void>((resolve, reject) => pdf.once('end', resolve).once('error', reject));
  pdf.registerFont('paper', font).font('paper');
  const missing = new Map<string, MissingGlyph>();
  const legible = legibleWith((pdf as unknown as { _font: { font: GlyphSource } })._font.font, missing);
  const flow = newFlow(pdf, paper, legible);

  if (paper.layout === 'certificate') drawCertificateHead(flow, paper);
  else drawDocumentHead(flow, paper);
  drawOpening(flow, paper);
  drawRows(flow, paper);
  for (const table of paper.tables ?? []) drawTable(flow, table);
  drawParagraphs(flow, paper);
  drawSignatures(flow, paper);
  drawIssue(flow, paper);
  const pages = drawFeet(flow, paper);
  pdf.end();
  await finished;
  return { bytes: Uint8Array.from(Buffer.concat(chunks)), pages, missing: [...missing.values()] };
}

function newDocument(paper: Paper): Pdf {
  const created = new Date(paper.createdAt);
  return new PDFDocument({
    size: [sheet.width, sheet.height],
    margin: 0,
    bufferPages: true,
    autoFirstPage: false,
    lang: 'zh-CN',
    displayTitle: true,
    info: {
      Title: `${paper.title.zh} ${paper.number}`,
      Author: paper.issuer,
      Subject: paper.title.en,
      Creator: 'Shugu',
      Producer: 'Shugu',
      // Without it pdfkit takes the clock, and derives the file id from it.
      CreationDate: created,
      ModDate: created,
    },
  });
}

function newFlow(pdf: Pdf, paper: Paper, legible: (text: string) => string): Flow {
  const framed = paper.layout === 'certificate';
  const side = framed ? 66 : 54;
  const top = framed ? 70 : 54;
  const flow: Flow = {
    pdf,
    legible,
    left: side,
    width: sheet.width - 2 * side,
    y: top,
    bottom: sheet.height - (framed ? 84 : 66),
    room(height) {
      // Text that no page can hold would run over its foot: refused instead.
      const max = Math.floor(flow.bottom - top);
      if (height > max) throw limit('height', Math.ceil(height), max);
      if (flow.y + height <= flow.bottom) return false;
      addPage();
      return true;
    },
  };
  const addPage = () => {
    pdf.addPage();
    if (framed) drawFrame(pdf);
    pdf.font('paper');
    if (paper.specimen) drawWatermark(pdf);
    flow.y = top;
  };
  addPage();
  return flow;
}

function drawCertificateHead(flow: Flow, paper: Paper): void {
  const { pdf, legible, left, width } = flow;
  pdf
    .fontSize(9)
    .fillColor(ink.quiet)
    .text(legible(`编号 No. ${paper.number}`), left, flow.y - 8, { width, align: 'right', lineBreak: false });
  flow.y += 26;
  const title = legible(paper.title.zh);
  const spacing = [...title].length <= 10 ? 7 : 3;
  const size = Math.min(31, width / ([...title].length * 1.25));
  strong(pdf, size, ink.accent, () => {
    // The spacing after the last letter would push the title off its centre by half of itself.
    pdf.text(title, left + spacing / 2, flow.y, {
      width,
      align: 'center',
      lineBreak: false,
      characterSpacing: spacing,
      fill: true,
      stroke: true,
    });
  });
  flow.y += size * 1.5 + 4;
  pdf
    .fontSize(10.5)
    .fillColor(ink.gold)
    .text(legible(paper.title.en), left, flow.y, { width, align: 'center', lineBreak: false, characterSpacing: 1 });
  flow.y += 24;
  const middle = left + width / 2;
  pdf.save().lineWidth(0.7).strokeColor(ink.gold);
  pdf
    .moveTo(middle - 90, flow.y)
    .lineTo(middle - 8, flow.y)
    .moveTo(middle + 8, flow.y)
    .lineTo(middle + 90, flow.y)
    .stroke();
  pdf
    .moveTo(middle, flow.y - 4)
    .lineTo(middle + 4, flow.y)
    .lineTo(middle, flow.y + 4)
    .lineTo(middle - 4, flow.y)
    .closePath()
    .fill(ink.gold);
  pdf.restore();
  flow.y += 26;
}

function drawDocumentHead(flow: Flow, paper: Paper): void {
  const { pdf, legible, left, width } = flow;
  strong(pdf, 21, ink.accent, () => {
    pdf.text(legible(paper.title.zh), left, flow.y - 6, {
      width: width * 0.62,
      lineBreak: false,
      characterSpacing: 2,
      fill: true,
      stroke: true,
    });
  });
  pdf
    .fontSize(9)
    .fillColor(ink.quiet)
    .text(legible(paper.title.en), left, flow.y + 24, { width: width * 0.6, lineBreak: false });
  const side = { width, align: 'right', lineBreak: false } as const;
  pdf
    .fontSize(9.5)
    .fillColor(ink.text)
    .text(legible(`编号  ${paper.number}`), left, flow.y + 6, side);
  pdf
    .fontSize(9)
    .fillColor(ink.quiet)
    .text(legible(paper.issuedOn), left, flow.y + 24, side);
  flow.y += 46;
  pdf
    .moveTo(left, flow.y)
    .lineTo(left + width, flow.y)
    .lineWidth(1.4)
    .strokeColor(ink.accent)
    .stroke();
  flow.y += 16;
}

function drawOpening(flow: Flow, paper: Paper): void {
  if (!paper.opening) return;
  drawParagraph(flow, paper.opening, 11, paper.layout === 'certificate');
  flow.y += 6;
}

/** Labels left in a tinted column, values right; lines between, as on a Chinese form. Two columns when a document's values are short. */
function drawRows(flow: Flow, paper: Paper): void {
  const { pdf, legible, left } = flow;
  const columns = paper.layout === 'document' && paper.rows.every(([, value]) => [...value].length <= 26) ? 2 : 1;
  const columnWidth = flow.width / columns;
  const size = paper.layout === 'certificate' ? 10 : 9.5;
  const pad = paper.layout === 'certificate' ? 5 : 5.5;
  const labelWidth = columns === 2 ? 84 : 118;
  pdf.fontSize(size);
  for (let at = 0; at < paper.rows.length; at += columns) {
    const cells = paper.rows
      .slice(at, at + columns)
      .map(([label, value]) => ({ label: legible(label), value: legible(value) || '—' }));
    pdf.fontSize(size);
    const heights = cells.flatMap((cell) => [
      pdf.heightOfString(cell.label, { width: labelWidth - 16, lineGap: 2 }),
      pdf.heightOfString(cell.value, { width: columnWidth - labelWidth - 16, lineGap: 2 }),
    ]);
    const height = Math.max(...heights) + 2 * pad;
    flow.room(height);
    for (const [column, cell] of cells.entries()) {
      const x = left + column * columnWidth;
      pdf.save().rect(x, flow.y, labelWidth, height).fillOpacity(0.7).fill(ink.tint).restore();
      pdf
        .fontSize(size)
        .fillColor(ink.quiet)
        .text(cell.label, x + 8, flow.y + pad, { width: labelWidth - 16, lineGap: 2 });
      pdf
        .fillColor(ink.text)
        .text(cell.value, x + labelWidth + 8, flow.y + pad, { width: columnWidth - labelWidth - 16, lineGap: 2 });
    }
    pdf.lineWidth(0.5).strokeColor(ink.line);
    if (at === 0)
      pdf
        .moveTo(left, flow.y)
        .lineTo(left + flow.width, flow.y)
        .stroke();
    flow.y += height;
    pdf
      .moveTo(left, flow.y)
      .lineTo(left + flow.width, flow.y)
      .stroke();
  }
  if (paper.rows.length > 0) flow.y += 14;
}

function drawParagraphs(flow: Flow, paper: Paper): void {
  const size = paper.layout === 'certificate' ? 9.5 : 9;
  for (const text of paper.paragraphs ?? []) drawParagraph(flow, text, size, false);
}

function drawParagraph(flow: Flow, text: string, size: number, indented: boolean): void {
  const { pdf, legible, left, width } = flow;
  const options = { width, lineGap: size * 0.45, indent: indented ? size * 2 : 0 };
  const shown = legible(text);
  pdf.fontSize(size);
  const height = pdf.heightOfString(shown, options);
  flow.room(height);
  pdf.fillColor(ink.text).text(shown, left, flow.y, options);
  flow.y += height + size * 0.6;
}

function drawSignatures(flow: Flow, paper: Paper): void {
  const signatures = paper.signatures ?? [];
  if (signatures.length === 0) return;
  const { pdf, legible, left } = flow;
  const perRow = Math.min(signatures.length, 3);
  const width = flow.width / perRow;
  flow.y += 10;
  for (let at = 0; at < signatures.length; at += perRow) {
    flow.room(58);
    for (const [column, signature] of signatures.slice(at, at + perRow).entries()) {
      const x = left + column * width;
      const inside = { width: width - 18, height: 12, ellipsis: true, lineBreak: true };
      pdf.fontSize(8.5).fillColor(ink.quiet).text(legible(signature.role), x, flow.y, inside);
      pdf
        .fontSize(11)
        .fillColor(ink.text)
        .text(legible(signature.name), x, flow.y + 14, { ...inside, height: 16 });
      pdf
        .moveTo(x, flow.y + 33)
        .lineTo(x + width - 18, flow.y + 33)
        .lineWidth(0.6)
        .strokeColor(ink.line)
        .stroke();
      if (signature.detail)
        pdf
          .fontSize(7.5)
          .fillColor(ink.quiet)
          .text(legible(signature.detail), x, flow.y + 37, inside);
    }
    flow.y += 58;
  }
}

/** QR at the left, issuer and date at the right with the seal over them, always at the foot of the last page. */
function drawIssue(flow: Flow, paper: Paper): void {
  const { pdf, legible, left, width } = flow;
  const height = paper.seal ? sealRadius * 2 + 6 : qrWidth + 22;
  flow.room(height);
  // A certificate is a sheet: its lower part stands at the foot. A document goes on where its text ends.
  const top = paper.layout === 'certificate' ? flow.bottom - height : flow.y + 4;
  if (paper.qr) {
    const y = top + height - qrWidth - 16;
    drawQr(pdf, left, y, qrWidth, paper.qr);
    pdf
      .fontSize(7.5)
      .fillColor(ink.quiet)
      .text('扫码核验  Scan to verify', left - 13, y + qrWidth + 4, {
        width: qrWidth + 26,
        align: 'center',
        lineBreak: false,
      });
  }
  const middle = top + height / 2;
  // 骑年盖月: the seal touches the end of the name and the date, and hides neither.
  const seal = paper.seal ? sealRadius * 1.2 : 0;
  const box = { width: 240, align: 'right', lineBreak: false } as const;
  const x = left + width - 240 - seal;
  pdf
    .fontSize(12)
    .fillColor(ink.text)
    .text(legible(paper.issuer), x, middle - 16, box);
  pdf.fontSize(10.5).text(legible(paper.issuedOn), x, middle + 8, box);
  if (paper.seal)
    drawSeal(
      pdf,
      left + width - sealRadius - 2,
      middle,
      sealRadius,
      legible(paper.seal.text),
      legible(paper.seal.mark),
    );
  flow.y = top + height;
}

function drawFeet(flow: Flow, paper: Paper): number {
  const { pdf, legible, left, width } = flow;
  const { count } = pdf.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    pdf.switchToPage(page);
    const y = flow.bottom + (paper.layout === 'certificate' ? 10 : 14);
    pdf
      .moveTo(left, y)
      .lineTo(left + width, y)
      .lineWidth(0.5)
      .strokeColor(ink.line)
      .stroke();
    const number = `第 ${page + 1} 页 / 共 ${count} 页`;
    pdf.fontSize(7.5).fillColor(ink.quiet);
    pdf.text(legible(paper.footer), left, y + 5, { width: width - 90, height: 22, ellipsis: true, lineGap: 1.5 });
    pdf.text(number, left, y + 5, { width, align: 'right', lineBreak: false });
  }
  return count;
}
