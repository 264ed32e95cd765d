/** The facts that rooms tell, read from their events.ts; the kernel's from where it tells them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface EventType {
  type: string;
  /** As written in the source: data of the event. */
  data: string;
  about: string;
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return name.endsWith('.ts') && !name.endsWith('.test.ts') ? [path] : [];
  });

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replace(/;? \}/g, ' }').trim();

const whole = (data: string): boolean =>
  data.trimEnd().endsWith(';') && data.split('{').length === data.split('}').length;

/** `'room.noun.verb': { data };` of an interface, or `name: 'room.noun.verb',` of a table, each with the comment above it. */
const declared = (text: string): EventType[] => {
  const found: EventType[] = [];
  let about = '';
  const lines = text.split('\n');
  for (let place = 0; place < lines.length; place++) {
    const line = lines[place]!;
    const comment = /^\s+\/\*\* (.*?) ?\*\/$/.exec(line);
    if (comment) {
      about = comment[1]!;
      continue;
    }
    const named = /^\s+(?:\w+: )?'([a-z]\w*\.[a-z]\w*\.[a-z]\w*)'(.*)$/.exec(line);
    if (!named) {
      if (line.trim() === '') about = '';
      continue;
    }
    let data = named[2]!;
    while (/^:/.test(data) && !whole(data)) data += ` ${lines[++place]}`;
    found.push({ type: named[1]!, data: /^:/.test(data) ? oneLine(data.slice(1).replace(/;\s*$/, '')) : '', about });
    about = '';
  }
  return found;
};

const told = (folder: string): EventType[] => {
  const types = new Set<string>();
  for (const path of filesBelow(folder))
    for (const match of readFileSync(path, 'utf8').matchAll(/\btype: '((?:kernel|cases)\.\w+\.\w+)'/g))
      types.add(match[1]!);
  return [...types].map((type) => ({ type, data: '', about: '' }));
};

/** All of them, by type; `server` is the folder of the server's sources. */
export const eventTypes = (server: string): EventType[] => {
  const rooms = readdirSync(server).filter((name) => statSync(join(server, name)).isDirectory() && name !== 'kernel');
  const all = told(join(server, 'kernel'));
  for (const room of rooms) {
    const path = join(server, room, 'events.ts');
    if (readdirSync(join(server, room)).includes('events.ts')) all.push(...declared(readFileSync(path, 'utf8')));
  }
  return all.sort((a, b) => a.type.localeCompare(b.type));
};
