// A challenge to sign with an SM2 key file: the command to run where the key is, and a place for its answer.

import { useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useState } from "react";
import * as calls from "../../api/calls";
import type { SignedChallenge } from "../../api/types";
import { useText } from "../core/preferences";
import { Answer } from "./states";
import { Code } from "./values";

/** Younger than the five minutes after which the server refuses it. */
const FRESH_MS = 4 * 60_000;

/** Shows the challenge and tells the signed one. */
export function ChallengeSigner({ onChange }: { onChange: (signed: SignedChallenge | null) => void }) {
  const t = useText();
  const [signature, setSignature] = useState("");
  const query = useQuery({ queryKey: ["challenge"], queryFn: calls.session.challenge, refetchInterval: FRESH_MS, gcTime: 0 });
  const change = (text: string, challenge: string) => {
    setSignature(text);
    onChange(text.trim() ? { challenge, signature: text.trim() } : null);
  };
  return (
    <Answer query={query} rows={2}>
      {({ challenge }) => (
        <div className="signer">
          <p>{t("factor.sign.hint")}</p>
          <Code text={`printf %s '${challenge}' | fengsui crypto sign --key login.key`} limit={46} />
          <Input.TextArea
            rows={3}
            value={signature}
            placeholder={t("factor.signature")}
            aria-label={t("factor.signature")}
            onChange={(event) => change(event.target.value, challenge)}
            data-testid="signature"
          />
        </div>
      )}
    </Answer>
  );
}
