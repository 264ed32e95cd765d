/** Chromium downloads from a signed address through a relay that cuts the first answer in the middle. */
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Published } from '../downloads.ts';

const chromiumPath = process.env.SHUGU_E2E_CHROMIUM ?? '/usr/bin/chromium';
const secondsMax = 60;

interface Resumed {
  path: string;
  /** The range of each request for the file; `whole` where there was none. */
  requests: string[];
}

/** Passes bytes on as they are; the first answer with the file ends after `cutAfter` bytes. */
const relayTo = async (port: number, cutAfter: number) => {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ port, host: '127.0.0.1' });
    for (const socket of [client, upstream]) open.add(socket.on('error', () => undefined));
    let left = Number.POSITIVE_INFINITY;
    client.on('data', (bytes) => {
      const head = bytes.toString('latin1');
      if (head.startsWith('GET /gateway/file/')) {
        requests.push(/\r\nrange: *([^\r]+)/i.exec(head)?.[1] ?? 'whole');
        if (requests.length === 1) left = cutAfter;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      const part = bytes.subarray(0, left);
      left -= part.length;
      client.write(part);
      if (left <= 0) {
        client.end();
        upstream.destroy();
      }
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of open) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, requests, close };
};

/** The reason when there is no Chromium here. */
export const resumeInChromium = async (published: Published, folder: string): Promise<Resumed | string> => {
  if (!existsSync(chromiumPath)) return 'Chromium is not installed';
  const address = new URL(published.signedUrl);
  const relay = await relayTo(Number(address.port), Math.floor(published.bytes / 2));
  address.port = String(relay.port);
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    downloadsPath: join(folder, 'downloads'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ acceptDownloads: true });
    const begun = page.waitForEvent('download', { timeout: secondsMax * 1000 });
    await page.goto(address.href).catch(() => undefined);
    const download = await begun;
    const path = join(folder, 'by-browser.bin');
    await download.saveAs(path);
    return { path, requests: relay.requests };
  } finally {
    await browser.close();
    relay.close();
  }
};
