// Ends the session of somebody who walked away. The pages ask for news by themselves, which the server takes for
// activity, so only the browser can tell that nobody is there.

import { useEffect } from "react";
import * as calls from "../../api/calls";
import { useSession } from "./session";

/** How often the browser looks. */
const LOOK_MS = 15_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

/** Logs out after the idle time that the server names. */
export function useIdleExit(): void {
  const { idle_timeout_seconds } = useSession();
  useEffect(() => {
    let last = Date.now();
    const seen = () => {
      last = Date.now();
    };
    const leave = async () => {
      await calls.session.logout().catch(() => undefined);
      window.location.reload();
    };
    const timer = window.setInterval(() => {
      if (Date.now() - last > idle_timeout_seconds * 1000) void leave();
    }, LOOK_MS);
    SIGNS.forEach((sign) => window.addEventListener(sign, seen, { passive: true }));
    return () => {
      window.clearInterval(timer);
      SIGNS.forEach((sign) => window.removeEventListener(sign, seen));
    };
  }, [idle_timeout_seconds]);
}
