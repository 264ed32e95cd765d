/** Tabs by the ARIA pattern: arrow keys move, only the chosen panel exists. antd's puts a menu button where only tabs may stand. */
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';

interface TabItem {
  key: string;
  label: ReactNode;
  children: ReactNode;
}

export const Tabs = ({
  items,
  activeKey,
  onChange,
}: {
  items: TabItem[];
  activeKey?: string;
  onChange?: (key: string) => void;
}) => {
  const base = useId();
  const [picked, setPicked] = useState<string>();
  const wanted = activeKey ?? picked;
  const active = items.find((one) => one.key === wanted) ?? items[0];
  if (!active) return null;
  const pick = (key: string) => {
    setPicked(key);
    onChange?.(key);
  };
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    const next = items[(items.indexOf(active) + step + items.length) % items.length]!;
    pick(next.key);
    document.getElementById(`${base}${next.key}`)?.focus();
  };
  return (
    <div>
      <div role="tablist" className="tabs" onKeyDown={move}>
        {items.map((one) => (
          <button
            key={one.key}
            id={`${base}${one.key}`}
            type="button"
            role="tab"
            aria-selected={one === active}
            aria-controls={one === active ? `${base}panel` : undefined}
            tabIndex={one === active ? 0 : -1}
            onClick={() => pick(one.key)}
          >
            {one.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}panel`} aria-labelledby={`${base}${active.key}`}>
        {active.children}
      </div>
    </div>
  );
};
