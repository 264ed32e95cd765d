/** Every row. */
import { allRows, takeToTheirMoney } from './table.ts';

takeToTheirMoney(allRows);
