import QRCode from 'qrcode';

export type Pdf = PDFKit.PDFDocument;

/** Colours of a paper: ink, a quiet second ink, rule lines, paper tint, and the cinnabar of seals. */
export const ink = {
  text: '#1c2733',
  quiet: '#5d6b78',
  accent: '#1f4e5f',
  gold: '#b08d4c',
  line: '#c9d1d6',
  tint: '#f3f6f7',
  seal: '#c8281e',
};

/** A4, PDF points (1/72 inch). */
export const sheet = { width: 595.28, height: 841.89 };
const mm = 72 / 25.4;

/** Text with a thin outline: the only bold there is, since one weight of the font is shipped. */
export function strong(pdf: Pdf, size: number, colour: string, draw: () => void): void {
  pdf
    .save()
    .fontSize(size)
    .fillColor(colour)
    .strokeColor(colour)
    .lineWidth(size * 0.028);
  draw();
  pdf.restore();
}

/** The frame of a certificate: a tinted band between two rules, and stepped corners. */
export function drawFrame(pdf: Pdf): void {
  const edge = 9 * mm;
  const inner = edge + 11;
  pdf.save();
  pdf
    .rect(edge, edge, sheet.width - 2 * edge, sheet.height - 2 * edge)
    .lineWidth(1.6)
    .strokeColor(ink.accent)
    .stroke();
  drawBand(pdf, edge + 3.5, inner - 2.5);
  pdf
    .rect(inner, inner, sheet.width - 2 * inner, sheet.height - 2 * inner)
    .lineWidth(0.6)
    .strokeColor(ink.gold)
    .stroke();
  const step = 16;
  for (const [x, y, right, down] of [
    [inner, inner, 1, 1],
    [sheet.width - inner, inner, -1, 1],
    [inner, sheet.height - inner, 1, -1],
    [sheet.width - inner, sheet.height - inner, -1, -1],
  ] as const) {
    const at = (dx: number, dy: number): [number, number] => [x + dx * right, y + dy * down];
    pdf
      .moveTo(...at(4, step + 10))
      .lineTo(...at(4, step))
      .lineTo(...at(step, step))
      .lineTo(...at(step, 4))
      .lineTo(...at(step + 10, 4));
    pdf
      .moveTo(...at(8, step))
      .lineTo(...at(8, 8))
      .lineTo(...at(step, 8));
    pdf.lineWidth(0.8).strokeColor(ink.gold).stroke();
  }
  pdf.restore();
}

/** Two waves that cross, all round: a quiet guilloche between the rules. */
function drawBand(pdf: Pdf, outer: number, inner: number): void {
  const middle = (outer + inner) / 2;
  const swing = (inner - outer) / 2;
  const sides: { from: [number, number]; length: number; along: 0 | 1 }[] = [
    { from: [outer, middle], length: sheet.width - 2 * outer, along: 0 },
    { from: [outer, sheet.height - middle], length: sheet.width - 2 * outer, along: 0 },
    { from: [middle, outer], length: sheet.height - 2 * outer, along: 1 },
    { from: [sheet.width - middle, outer], length: sheet.height - 2 * outer, along: 1 },
  ];
  for (const phase of [0, Math.PI]) {
    for (const side of sides) {
      const waves = Math.round(side.length / 14);
      const points = waves * 8;
      for (let at = 0; at <= points; at += 1) {
        const go = (side.length * at) / points;
        const off = swing * Math.sin((at / 8) * 2 * Math.PI + phase);
        const x = side.along === 0 ? side.from[0] + go : side.from[0] + off;
        const y = side.along === 0 ? side.from[1] + off : side.from[1] + go;
        if (at === 0) pdf.moveTo(x, y);
        else pdf.lineTo(x, y);
      }
      pdf.lineWidth(0.35).strokeColor(ink.gold).stroke();
    }
  }
}

/** 样张 SPECIMEN, slanting over the whole page. */
export function drawWatermark(pdf: Pdf): void {
  pdf.save().fillColor(ink.seal).fillOpacity(0.09).fontSize(46);
  for (const row of [0.2, 0.5, 0.8]) {
    const y = sheet.height * row;
    pdf.save().rotate(-32, { origin: [sheet.width / 2, y] });
    pdf.text('样张  SPECIMEN', 0, y - 30, {
      width: sheet.width,
      align: 'center',
      lineBreak: false,
      characterSpacing: 4,
    });
    pdf.restore();
  }
  pdf.restore();
}

/** A round seal: rim, name on the upper arc, star, and below it the mark that says what kind of seal this is. */
export function drawSeal(pdf: Pdf, x: number, y: number, radius: number, text: string, mark: string): void {
  pdf.save().fillColor(ink.seal).strokeColor(ink.seal).fillOpacity(0.82).strokeOpacity(0.82);
  pdf.circle(x, y, radius).lineWidth(2.2).stroke();
  pdf
    .circle(x, y, radius - 4)
    .lineWidth(0.5)
    .stroke();
  drawStar(pdf, x, y, radius * 0.26);
  const letters = [...text].slice(0, 24);
  const spread = Math.min(265, letters.length * 24);
  // Feet of letters stand closer than their heads: they decide how large the letters may be.
  const footSpace = (((spread * Math.PI) / 180) * radius * 0.66) / Math.max(letters.length - 1, 1);
  const size = Math.min(radius * 0.26, footSpace * 0.95);
  pdf.fontSize(size).lineWidth(size * 0.03);
  for (const [at, letter] of letters.entries()) {
    const angle = letters.length === 1 ? 0 : -spread / 2 + (spread * at) / (letters.length - 1);
    pdf.save().rotate(angle, { origin: [x, y] });
    const width = pdf.widthOfString(letter);
    pdf.text(letter, x - width / 2, y - radius + 6.5, { lineBreak: false, fill: true, stroke: true });
    pdf.restore();
  }
  const markSize = Math.min(radius * 0.19, (radius * 1.25) / Math.max([...mark].length, 1));
  pdf.fontSize(markSize);
  pdf.text(mark, x - radius, y + radius * 0.42, { width: radius * 2, align: 'center', lineBreak: false });
  pdf.restore();
}

function drawStar(pdf: Pdf, x: number, y: number, radius: number): void {
  for (let at = 0; at < 10; at += 1) {
    const angle = (Math.PI / 5) * at - Math.PI / 2;
    const reach = at % 2 === 0 ? radius : radius * 0.382;
    const point: [number, number] = [x + reach * Math.cos(angle), y + reach * Math.sin(angle)];
    if (at === 0) pdf.moveTo(...point);
    else pdf.lineTo(...point);
  }
  pdf.closePath().fill();
}

/** A QR code of squares, not of pixels: sharp at every size, and the same bytes each time. */
export function drawQr(pdf: Pdf, x: number, y: number, width: number, text: string): void {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' });
  const cell = width / modules.size;
  pdf.save();
  for (let row = 0; row < modules.size; row += 1) {
    for (let column = 0; column < modules.size; column += 1) {
      if (!modules.get(row, column)) continue;
      let end = column;
      while (end + 1 < modules.size && modules.get(row, end + 1)) end += 1;
      // A hair of overlap: viewers would otherwise show white seams between neighbours.
      pdf.rect(x + column * cell, y + row * cell, (end - column + 1) * cell + 0.05, cell + 0.05);
      column = end;
    }
  }
  pdf.fill(ink.text).restore();
}
