// Sends a change of settings and shows what came of it.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { SettingsView } from "../../api/types";
import { useNotices } from "../core/notices";
import { SESSION_KEY } from "../core/session";

/** The sender; `onDone` gets the settings as they are then. */
export function useSettingChange(onDone: (view: SettingsView) => void) {
  const client = useQueryClient();
  const notices = useNotices();
  return useMutation({
    mutationFn: (act: () => Promise<SettingsView>) => act(),
    onSuccess: (view) => {
      client.setQueryData(["settings"], view);
      void client.invalidateQueries({ queryKey: ["notifications"] });
      // The name of the platform and the time of idle exit come with the session.
      void client.invalidateQueries({ queryKey: SESSION_KEY });
      onDone(view);
    },
    onError: notices.failed,
  });
}
