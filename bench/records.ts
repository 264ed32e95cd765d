/** Synthetic records as benches move them: ten columns of every common type, about 100 bytes as text. */
export const recordsSql = (
  count: number,
): string => `SELECT i AS id, '湘A' || (10000 + i % 90000) AS plate, (i % 1000)::INT AS score, (i * 7919 % 100000) / 100.0::DOUBLE AS fee,
  (i % 10000 / 100)::DECIMAL(10, 2) AS price, DATE '2026-01-01' + (i % 300)::INT AS day,
  TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) SECOND AS at, i % 3 = 0 AS ok, 'city ' || (i % 77) AS city,
  left(md5(i::VARCHAR), 20) AS mark FROM range(${count}) r(i)`;
