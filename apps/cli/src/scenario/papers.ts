/** Papers that the cast attaches: one-page PDF files that say in Latin letters that they are specimens. */
export const casePaper = (name: string, lines: readonly string[]): Buffer => {
  const ascii = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').replace(/[()\\]/g, '\\$&');
  const drawn = [`SPECIMEN PAPER (demo)`, ascii(name), ...lines.map(ascii)].map(
    (line, place) => `1 0 0 1 72 ${770 - place * 22} Tm (${line}) Tj`,
  );
  const stream = `BT /F1 12 Tf ${drawn.join(' ')} ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>/Contents 4 0 R>>',
    `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`,
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((body, place) => {
    const at = text.length;
    text += `${place + 1} 0 obj\n${body}\nendobj\n`;
    return at;
  });
  const table = text.length;
  text += `xref\n0 5\n0000000000 65535 f \n${offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
};
