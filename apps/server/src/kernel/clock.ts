/** One clock. It never goes back; a simulated one is moved by hand, and its offset is kept with the node. */
export interface Clock {
  now(): Date;
  readonly simulated: boolean;
  /** How far what lies beneath has fallen behind the time given; the clock stands still meanwhile. */
  behindSeconds(): number;
}

export interface SimulatedClock extends Clock {
  /** Moves forward to `to`; a moment before now is refused. */
  moveTo(to: Date): void;
}

/** `read` gives wall-clock milliseconds. Readings before `floor`, or that go back, repeat the last one: clocks of cases depend on order. */
export const systemClock = (read: () => number = Date.now, floor = 0): Clock => {
  let last = floor;
  return {
    simulated: false,
    now: () => {
      last = Math.max(last, read());
      return new Date(last);
    },
    behindSeconds: () => Math.max(0, last - read()) / 1000,
  };
};

/** Starts at `start` and ticks on with real time, so that durations stay natural; jumps by `moveTo`. */
export const simulatedClock = (start: Date, read: () => number = Date.now): SimulatedClock => {
  let offset = start.getTime() - read();
  let last = 0;
  const now = () => {
    last = Math.max(last, read() + offset);
    return new Date(last);
  };
  return {
    simulated: true,
    now,
    behindSeconds: () => Math.max(0, last - read() - offset) / 1000,
    moveTo: (to) => {
      if (to.getTime() < now().getTime()) throw new RangeError('a clock never goes back');
      offset = to.getTime() - read();
    },
  };
};
