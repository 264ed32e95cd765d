import { ChildError } from '../child/error.ts';

/**
 * What stands on a paper (登记凭证, 结算单, 交易凭证, 回执 …), without any design. The same input always gives the same bytes, so
 * that the digest of a paper can be signed and compared.
 */
export interface Paper {
  /** 'certificate': one framed sheet with a large title; 'document': a plain sheet for tables that may run over pages. */
  layout: 'certificate' | 'document';
  number: string;
  title: { zh: string; en: string };
  /** Prints 样张 SPECIMEN across every page. */
  specimen?: boolean;
  issuer: string;
  /** As printed, for example 2026年7月1日. */
  issuedOn: string;
  /** ISO 8601 instant; becomes the CreationDate and, with it, the file id. */
  createdAt: string;
  /** A drawn round seal. `mark` says what it is (平台签名, 样章): a picture of a seal is no electronic seal (电子印章). */
  seal?: { text: string; mark: string };
  /** Said above the rows, for example 经审核，准予登记，特发此证. */
  opening?: string;
  rows: [label: string, value: string][];
  tables?: PaperTable[];
  paragraphs?: string[];
  signatures?: { role: string; name: string; detail?: string }[];
  /** Text of the QR code, normally the verification address. */
  qr?: string;
  /** How to verify, at the foot of every page. */
  footer: string;
}

export interface PaperTable {
  caption?: string;
  /** `share`: relative width, 1 when absent. */
  columns: { title: string; align?: 'left' | 'right' | 'center'; share?: number }[];
  rows: string[][];
  /** A last line set apart, as many cells as columns. */
  totals?: string[];
}

export interface MissingGlyph {
  character: string;
  /** For example U+20BB7. */
  codePoint: string;
}

export interface RenderedPaper {
  /** application/pdf */
  bytes: Uint8Array;
  pages: number;
  /** Characters that the font lacks, printed as their code point in 〔〕. Empty for nearly every paper; never ignore it. */
  missing: MissingGlyph[];
}

export const paperLimits = {
  papersPerBatchMax: 50,
  rowsMax: 80,
  tablesMax: 10,
  tableColumnsMax: 12,
  tableRowsMax: 2_000,
  paragraphsMax: 100,
  signaturesMax: 8,
  textLengthMax: 4_000,
  /** The QR is printed 26 mm wide; more text makes its modules too small for a phone. */
  qrLengthMax: 300,
};

/** @throws ChildError paper.limit or paper.invalid, with the field. */
export function checkPaper(paper: Paper): void {
  const within = (field: string, count: number, max: number) => {
    if (count > max) throw limit(field, count, max);
  };
  within('rows', paper.rows.length, paperLimits.rowsMax);
  within('tables', paper.tables?.length ?? 0, paperLimits.tablesMax);
  within('paragraphs', paper.paragraphs?.length ?? 0, paperLimits.paragraphsMax);
  within('signatures', paper.signatures?.length ?? 0, paperLimits.signaturesMax);
  within('qr', paper.qr?.length ?? 0, paperLimits.qrLengthMax);
  for (const [at, table] of (paper.tables ?? []).entries()) {
    within(`tables[${at}].columns`, table.columns.length, paperLimits.tableColumnsMax);
    within(`tables[${at}].rows`, table.rows.length, paperLimits.tableRowsMax);
    for (const [line, row] of [...table.rows, ...(table.totals ? [table.totals] : [])].entries()) {
      if (row.length !== table.columns.length)
        throw invalid(`tables[${at}].rows[${line}]`, `${row.length} ≠ ${table.columns.length}`);
    }
  }
  if (Number.isNaN(Date.parse(paper.createdAt))) throw invalid('createdAt', paper.createdAt);
  for (const [field, text] of textsOf(paper)) within(field, text.length, paperLimits.textLengthMax);
}

/** Every text of a paper with the place where it stands. */
export function* textsOf(paper: Paper): Generator<[field: string, text: string]> {
  yield ['number', paper.number];
  yield ['title', paper.title.zh + paper.title.en];
  yield ['issuer', paper.issuer];
  yield ['issuedOn', paper.issuedOn];
  yield ['footer', paper.footer];
  if (paper.seal) yield ['seal', paper.seal.text + paper.seal.mark];
  if (paper.opening) yield ['opening', paper.opening];
  for (const [label, value] of paper.rows) {
    yield [label, label];
    yield [label, value];
  }
  for (const table of paper.tables ?? []) {
    if (table.caption) yield ['table', table.caption];
    for (const column of table.columns) yield ['table', column.title];
    for (const row of table.rows) for (const cell of row) yield ['table', cell];
    for (const cell of table.totals ?? []) yield ['table', cell];
  }
  for (const text of paper.paragraphs ?? []) yield ['paragraphs', text];
  for (const signature of paper.signatures ?? []) {
    yield ['signatures', signature.role + signature.name + (signature.detail ?? '')];
  }
}

export function limit(field: string, count: number, max: number): ChildError {
  return new ChildError({
    code: 'paper.limit',
    zh: `文书字段 ${field} 超过上限：${count}，最多 ${max}`,
    en: `Paper field ${field} has ${count}, at most ${max}`,
    details: { field, count, max },
  });
}

function invalid(field: string, found: string): ChildError {
  return new ChildError({
    code: 'paper.invalid',
    zh: `文书字段 ${field} 无效：${found}`,
    en: `Paper field ${field} is not valid: ${found}`,
    details: { field },
  });
}
