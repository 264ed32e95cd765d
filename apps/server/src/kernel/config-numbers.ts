/** Settings that are numbers: each gives back its value, or throws what it should be. */

export const integer = (text: string) => {
  if (!/^\d{1,12}$/.test(text)) throw new Error('not a whole number');
  return Number(text);
};

export const atLeastOne = (text: string) => {
  const value = integer(text);
  if (value < 1) throw new Error('at least 1');
  return value;
};

export const secondsFrom = (least: number) => (text: string) => {
  const value = integer(text);
  if (value < least || value > 86_400) throw new Error(`from ${least} to 86400`);
  return value;
};

export const share = (text: string) => {
  if (!/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/.test(text)) throw new Error('a number from 0 to 1');
  return Number(text);
};
