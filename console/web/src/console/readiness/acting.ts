// What every part of readiness does after an act: say so, ask anew, or tell what went wrong.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNotices } from "../core/notices";

interface Act {
  work: () => Promise<unknown>;
  done: string;
}

/** Acts whose success makes a kind of query stale. */
export function useActing(kind: string, onDone?: () => void) {
  const client = useQueryClient();
  const notices = useNotices();
  const { mutate, isPending } = useMutation({
    mutationFn: ({ work }: Act) => work(),
    onSuccess: (_, { done }) => {
      notices.done(done);
      void client.invalidateQueries({ queryKey: [kind] });
      onDone?.();
    },
    onError: notices.failed,
  });
  return { act: (work: Act["work"], done: string) => mutate({ work, done }), busy: isPending };
}
