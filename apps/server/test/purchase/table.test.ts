/** The first row of each kind of price, and every eighth; all are in table.long.test.ts. */
import { allRows, takeToTheirMoney } from './table.ts';

const isFirst = (price: string, at: number) => allRows.findIndex((row) => row.price === price) === at;
takeToTheirMoney(allRows.filter(({ price }, at) => at % 8 === 0 || isFirst(price, at)));
