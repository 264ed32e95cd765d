import type { ResponseFormat } from './capabilities.ts';
import type { ShareField, ShareFile, ShareTable, ShareVersion } from './manifest.ts';

/** The lines of an answer in newline-delimited JSON: the same facts in either of the protocol's two dresses. */

/** What is to be said of a file: it stands in the snapshot, or came, went, or holds the changes of a version. */
export type FileLine = {
  act: 'file' | 'add' | 'remove' | 'cdf';
  id: string;
  file: ShareFile;
  version: ShareVersion;
  /** Of the snapshot that was asked for by version or time; left out of plain snapshots. */
  dated: boolean;
  url: string;
  /** ms since the epoch. */
  expires: number;
};

export function schemaString(fields: readonly ShareField[]): string {
  return JSON.stringify({
    type: 'struct',
    fields: fields.map(({ name, type, comment }) => ({
      name,
      type,
      nullable: true,
      metadata: comment ? { comment } : {},
    })),
  });
}

export function protocolLine(format: ResponseFormat): object {
  // Writer version 4 is the first that knows a change data feed.
  return format === 'parquet'
    ? { protocol: { minReaderVersion: 1 } }
    : { protocol: { deltaProtocol: { minReaderVersion: 1, minWriterVersion: 4 } } };
}

export function metadataLine(format: ResponseFormat, table: ShareTable, at: ShareVersion): object {
  const { id, name, fields, versions, files } = table;
  const facts = {
    version: at.version,
    size: at.files.reduce((sum, file) => sum + (files[file]?.bytes ?? 0), 0),
    numFiles: at.files.length,
  };
  const described = { id, name, schemaString: schemaString(fields), partitionColumns: [] };
  if (format === 'parquet')
    return {
      metaData: {
        ...described,
        format: { provider: 'parquet' },
        configuration: { enableChangeDataFeed: 'true' },
        ...facts,
        accessModes: ['url'],
      },
    };
  return {
    metaData: {
      ...facts,
      deltaMetadata: {
        ...described,
        format: { provider: 'parquet', options: {} },
        configuration: { 'delta.enableChangeDataFeed': 'true' },
        createdTime: versions[0]?.timestamp ?? at.timestamp,
      },
    },
  };
}

export function fileLine(format: ResponseFormat, line: FileLine): object {
  return format === 'parquet' ? parquetLine(line) : deltaLine(line);
}

function parquetLine({ act, id, file, version, dated, url, expires }: FileLine): object {
  const stats = act === 'cdf' ? {} : { stats: JSON.stringify(file.stats) };
  const when = act === 'file' && !dated ? {} : { version: version.version, timestamp: version.timestamp };
  return { [act]: { url, id, partitionValues: {}, size: file.bytes, ...stats, ...when, expirationTimestamp: expires } };
}

function deltaLine({ act, id, file, version, url, expires }: FileLine): object {
  const shared = { path: url, partitionValues: {}, size: file.bytes };
  const { timestamp } = version;
  const action =
    act === 'cdf'
      ? { cdc: { ...shared, dataChange: false } }
      : act === 'remove'
        ? { remove: { ...shared, deletionTimestamp: timestamp, dataChange: true, extendedFileMetadata: true } }
        : {
            add: { ...shared, stats: JSON.stringify(file.stats), modificationTime: timestamp, dataChange: true },
          };
  return {
    file: {
      id,
      size: file.bytes,
      version: version.version,
      timestamp,
      expirationTimestamp: expires,
      deltaSingleAction: action,
    },
  };
}

export type EndStream = { nextPageToken?: string; refreshToken?: string; minUrlExpirationTimestamp?: number };

export function endStreamLine(end: EndStream): object {
  return { endStreamAction: end };
}

export function ndjson(lines: readonly object[]): Buffer {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
