/** The declared order of rooms and what each may import, as data: a test holds every import against it. */
export const rooms: Record<string, readonly string[]> = {
  members: [],
  registry: ['members'],
  catalogue: ['members', 'registry'],
  agreements: ['members', 'catalogue'],
  market: ['members', 'catalogue', 'agreements'],
  nodes: ['members', 'market'],
  spaces: ['members', 'catalogue', 'agreements', 'market'],
  metering: ['members', 'agreements'],
  delivery: ['members', 'registry', 'agreements', 'metering'],
  compute: ['members', 'registry', 'agreements', 'metering'],
  settlement: ['members', 'agreements', 'market', 'metering'],
  federation: ['members', 'catalogue', 'agreements', 'delivery'],
  supervision: ['members', 'registry', 'catalogue', 'agreements', 'market', 'metering', 'delivery', 'settlement'],
};

export const roomOrder: readonly string[] = Object.keys(rooms);
