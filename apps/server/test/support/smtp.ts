/** A mail server of a few lines: speaks as much of RFC 5321 as a client needs, and refuses on demand. */

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

export interface Mail {
  from: string;
  to: string;
  /** Headers and body as sent. */
  data: string;
}

/** What to answer to RCPT, or at the end of DATA; 250 unless said. */
export type Verdict = (mail: Mail) => string | undefined;

export interface SmtpServer {
  url: string;
  mails: Mail[];
  /** Recipients asked for, refused ones included. */
  asked: string[];
  onRecipient: Verdict;
  onData: Verdict;
  /** Ends the server; its port refuses from then on. */
  end(): Promise<void>;
}

const inside = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

const talk = (server: SmtpServer, socket: Socket): void => {
  let mail: Mail = { from: '', to: '', data: '' };
  let reading = false;
  let rest = '';
  const say = (line: string) => void socket.write(`${line}\r\n`);
  const onLine = (line: string): void => {
    if (reading) {
      if (line !== '.') {
        mail.data += `${line.replace(/^\.\./, '.')}\n`;
        return;
      }
      reading = false;
      const verdict = server.onData(mail);
      if (!verdict) server.mails.push(mail);
      say(verdict ?? `250 2.0.0 queued for <${mail.to}>`);
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') say('250-localhost\r\n250 8BITMIME');
    else if (verb === 'MAIL') {
      mail = { from: inside(line), to: '', data: '' };
      say('250 ok');
    } else if (verb === 'RCPT') {
      mail.to = inside(line);
      server.asked.push(mail.to);
      say(server.onRecipient(mail) ?? '250 ok');
    } else if (verb === 'DATA') {
      reading = true;
      say('354 go on');
    } else if (verb === 'QUIT') {
      say('221 bye');
      socket.end();
    } else say('250 ok');
  };
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    const lines = (rest + chunk).split('\r\n');
    rest = lines.pop()!;
    lines.forEach(onLine);
  });
  say('220 localhost');
};

export const startSmtp = async (): Promise<SmtpServer> => {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    talk(server, socket);
  });
  const server: SmtpServer = {
    url: '',
    mails: [],
    asked: [],
    onRecipient: () => undefined,
    onData: () => undefined,
    end: async () => {
      for (const socket of sockets) socket.destroy();
      if (listener.listening) await new Promise((done) => listener.close(done));
    },
  };
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  server.url = `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return server;
};

/** The text of a mail, decoded from what its header says. */
export const textOf = ({ data }: Mail): string => {
  const [head = '', ...rest] = data.split('\n\n');
  const body = rest.join('\n\n');
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString('utf8');
  if (!/^content-transfer-encoding: quoted-printable/im.test(head)) return body;
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
};
