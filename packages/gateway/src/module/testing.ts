/** For tests: modules from their text. */
import type wabtOf from 'wabt';

type Wabt = Awaited<ReturnType<typeof wabtOf>>;

export const moduleOf = (wabt: Wabt, text: string): Uint8Array => {
  const parsed = wabt.parseWat('module.wat', text, { threads: true, reference_types: true });
  try {
    return new Uint8Array(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
};

/** Writes `[n]`, where n is 100 and the number of lines of its last table, up to 99 of them. */
export const countingModule = (wabt: Wabt, tables = 2): Uint8Array =>
  moduleOf(
    wabt,
    `(module
      (import "shugu" "read" (func $read (param i32 i32 i32) (result i32)))
      (import "shugu" "write" (func $write (param i32 i32)))
      (memory (export "memory") 2 2)
      (data (i32.const 0) "[100]\\0a")
      (func (export "run") (local $got i32) (local $at i32) (local $lines i32)
        (block $end
          (loop $more
            (local.set $got (call $read (i32.const ${tables - 1}) (i32.const 1024) (i32.const 65536)))
            (br_if $end (i32.eqz (local.get $got)))
            (local.set $at (i32.const 0))
            (loop $byte
              (if (i32.eq (i32.load8_u (i32.add (i32.const 1024) (local.get $at))) (i32.const 10))
                (then (local.set $lines (i32.add (local.get $lines) (i32.const 1)))))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $byte (i32.lt_u (local.get $at) (local.get $got))))
            (br $more)))
        (i32.store8 (i32.const 2) (i32.add (i32.const 48) (i32.div_u (local.get $lines) (i32.const 10))))
        (i32.store8 (i32.const 3) (i32.add (i32.const 48) (i32.rem_u (local.get $lines) (i32.const 10))))
        (call $write (i32.const 0) (i32.const 6))))`,
  );
