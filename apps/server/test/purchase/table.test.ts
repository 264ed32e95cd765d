/** Some of the rows, each kind of price among them; all are in table.long.test.ts. */
import { allRows, takeToTheirMoney } from './table.ts';

takeToTheirMoney(allRows.filter((_, at) => at % 6 === 0));
