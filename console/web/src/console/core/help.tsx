// The help: which keys work in this view.

import { useState } from "react";
import { Modal } from "../components/modal";
import { useActiveBindings, useKeys, type KeyBinding } from "./keys";
import { useText } from "./preferences";

const NAMES: Record<string, string> = { Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑", Enter: "↵" };

/** The keys that worked when the help was opened. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const t = useText();
  const active = useActiveBindings();
  const [bindings] = useState(() => unique(active));
  useKeys([{ key: "Escape", label: "key.close", run: onClose }], { modal: true });
  return (
    <Modal title={t("help.title")} onClose={onClose} width={480}>
      <dl className="key-list" data-testid="key-help">
        {bindings.map((binding) => (
          <div key={binding.key}>
            <dt>
              <kbd>{NAMES[binding.key] ?? binding.key}</kbd>
            </dt>
            <dd>{t(binding.label)}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

function unique(bindings: readonly KeyBinding[]): KeyBinding[] {
  const seen = new Set<string>();
  return bindings.filter((binding) => !seen.has(binding.key) && seen.add(binding.key));
}
