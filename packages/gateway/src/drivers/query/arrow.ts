import type {
  DuckDBDateValue,
  DuckDBDecimalType,
  DuckDBDecimalValue,
  DuckDBResult,
  DuckDBTimestampValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import type { DataType } from 'apache-arrow';
import type { Encoder } from './encode.ts';

/** An Arrow IPC stream. The library is loaded with the first such answer only: most processes never need it. */
export async function arrowEncoder(result: DuckDBResult): Promise<Encoder> {
  const arrow = await import('apache-arrow');
  const names = result.columnNames();
  const columns = result.columnTypes().map((type) => columnOf(arrow, type));
  const schema = new arrow.Schema(columns.map(({ type }, at) => new arrow.Field(names[at] as string, type, true)));
  let pieces: Uint8Array[] = [];
  const taken = () => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    return bytes;
  };
  class Sink extends arrow.AsyncByteQueue {
    override write(value: Uint8Array): void {
      pieces.push(Uint8Array.from(value));
    }
  }
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(new Sink(), schema);
  return {
    begin: taken,
    rows: (rows) => {
      if (rows.length === 0) return taken();
      const children = columns.map(({ type, from }, at) => {
        const builder = arrow.makeBuilder({ type, nullValues: [null] });
        for (const row of rows) {
          const value = row[at] as DuckDBValue;
          builder.append(value === null ? null : from(value));
        }
        return builder.finish().flush();
      });
      const data = arrow.makeData({
        type: new arrow.Struct(schema.fields),
        length: rows.length,
        nullCount: 0,
        children,
      });
      writer.write(new arrow.RecordBatch(schema, data));
      return taken();
    },
    end: () => {
      writer.finish();
      return taken();
    },
  };
}

type Column = { type: DataType; from(value: DuckDBValue): unknown };
type Arrow = typeof import('apache-arrow');

function columnOf(arrow: Arrow, type: DuckDBType): Column {
  const text = String(type);
  if (text.startsWith('DECIMAL')) {
    const { width, scale } = type as DuckDBDecimalType;
    return {
      type: new arrow.Decimal(scale, width, 128),
      from: (value) => words((value as DuckDBDecimalValue).value),
    };
  }
  switch (text) {
    case 'BOOLEAN':
      return { type: new arrow.Bool(), from: same };
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'UTINYINT':
    case 'USMALLINT':
      return { type: new arrow.Int32(), from: same };
    case 'UINTEGER':
      return { type: new arrow.Int64(), from: (value) => BigInt(value as number) };
    case 'BIGINT':
      return { type: new arrow.Int64(), from: same };
    case 'UBIGINT':
    case 'HUGEINT':
      // Arrow has no integer of 128 bits; sums of integers are such.
      return { type: new arrow.Decimal(0, 38, 128), from: (value) => words(value as bigint) };
    case 'FLOAT':
    case 'DOUBLE':
      return { type: new arrow.Float64(), from: same };
    case 'DATE':
      return { type: new arrow.DateDay(), from: (value) => new Date((value as DuckDBDateValue).days * 86_400_000) };
    case 'TIMESTAMP':
      return {
        type: new arrow.TimestampMicrosecond(),
        from: (value) => Number((value as DuckDBTimestampValue).micros) / 1000,
      };
    default:
      return { type: new arrow.Utf8(), from: String };
  }
}

const same = (value: DuckDBValue): DuckDBValue => value;

/** Two's complement in four words of 32 bits, least first. */
function words(value: bigint): Uint32Array {
  return Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((BigInt.asUintN(128, value) >> shift) & 0xffff_ffffn));
}
