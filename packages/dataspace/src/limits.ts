export const MESSAGE_LIMITS = {
  /** Levels of objects and lists in each other: constraints may hold constraints without end. */
  depthMax: 32,
  /** Characters of a pid, an agreement's id or a call-back address, which all come to stand in addresses. */
  addressMax: 2048,
} as const;
