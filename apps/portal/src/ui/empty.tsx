/** An empty place teaches: what will stand here, and how to get the first one. */
import type { ReactNode } from 'react';

export const Empty = ({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) => (
  <div className="teach">
    <svg viewBox="0 0 150 62" aria-hidden="true">
      <g fill="none" strokeLinecap="round" strokeWidth="2">
        <path d="M4 20c26 0 42 34 71 34s45-34 71-34" stroke="#14574f" />
        <path d="M26 16c16 0 30 28 49 28s33-28 49-28" stroke="#8a5a00" opacity=".75" />
        <path d="M48 12c9 0 17 22 27 22s18-22 27-22" stroke="#7d9d94" />
      </g>
    </svg>
    <strong>{title}</strong>
    {children ? <p style={{ maxWidth: '36em', margin: '6px auto 14px' }}>{children}</p> : null}
    {action}
  </div>
);
