/** Why a module is not taken, or how its run ended without an output. Our own words alone: an engine's could quote what the module read. */
export const MODULE_FAULTS = {
  tooLarge: ['模块超过字节数上限', 'The module has more bytes than allowed'],
  invalid: ['不是有效的 WebAssembly 模块', 'This is no valid WebAssembly module'],
  importUnknown: ['模块要求了不提供的导入', 'The module imports what is not offered'],
  exportMissing: [
    '模块须导出内存 memory 与函数 run',
    'The module has to export its memory as memory and a function run',
  ],
  memoryUnbounded: [
    '模块须声明一块 32 位、有上限、不共享的内存',
    'The module has to declare one memory: of 32 bits, not shared, with a maximum',
  ],
  memoryTooLarge: ['模块声明的内存超过约定上限', 'The module declares more memory than agreed'],
  tableUnbounded: [
    '模块的函数表须声明上限，且总数不超限',
    'Tables of the module need a maximum, and together no more entries than allowed',
  ],
  trap: ['模块运行出错而中止', 'The module trapped'],
  time: ['模块没有在约定时间内结束', 'The module did not end within the agreed time'],
  memory: ['模块用尽了约定的内存', 'The module used up the agreed memory'],
  outputBytes: ['输出超过约定的字节数', 'The output has more bytes than agreed'],
  outputRows: ['输出超过约定的行数', 'The output has more rows than agreed'],
  outputShape: ['输出不符合约定的列', 'The output does not have the agreed columns'],
  inputBytes: ['输入数据超过上限', 'The data are more than a module is given'],
  crashed: ['运行模块的进程中断', 'The process of the module broke off'],
  stopped: ['运行被取消', 'The run was cancelled'],
  sandbox: [
    '本机没有可用的操作系统沙箱（bubblewrap），不运行外来代码',
    'There is no sandbox (bubblewrap) on this machine; foreign code is not run',
  ],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
export type ModuleFault = keyof typeof MODULE_FAULTS;

/** `detail` names an import or a line of the output by its number; never a value. */
export class ModuleEnded extends Error {
  readonly code: ModuleFault;
  readonly detail: string;
  constructor(code: ModuleFault, detail = '') {
    super(detail ? `${code}: ${detail}` : code);
    this.code = code;
    this.detail = detail;
  }

  get words(): { zh: string; en: string } {
    const [zh, en] = MODULE_FAULTS[this.code];
    return this.detail ? { zh: `${zh}：${this.detail}`, en: `${en}: ${this.detail}` } : { zh, en };
  }
}
