/** Members: organisations, people, seats, sign-in, keys, rulebook, audit. */
export * from './members/nouns.ts';
export * from './members/organisations.ts';
export * from './members/people.ts';
export * from './members/rulebook.ts';
export * from './members/sign-in.ts';
