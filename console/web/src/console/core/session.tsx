// Who is logged in and what the account may do.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, type ReactNode } from "react";
import * as calls from "../../api/calls";
import { ApiError } from "../../api/client";
import type { Role, SessionView } from "../../api/types";

/** Where the session is kept among the answers. */
export const SESSION_KEY = ["session"];
const SessionContext = createContext<SessionView | null>(null);

/** The session from the server: null when nobody is logged in. */
export function useSessionQuery() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, retry: false });
}

async function readSession(): Promise<SessionView | null> {
  try {
    return await calls.session.read();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Replaces the session after login, logout or a change of password. */
export function useSetSession(): (session: SessionView | null) => void {
  const client = useQueryClient();
  return (session) => {
    if (session === null) client.clear();
    client.setQueryData(SESSION_KEY, session);
  };
}

/** Gives the session to everything below. */
export function SessionProvider({ session, children }: { session: SessionView; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** The session of the logged-in person. */
export function useSession(): SessionView {
  const session = useContext(SessionContext);
  if (!session) throw new Error("no SessionProvider above");
  return session;
}

/** Whether the account may do an action. */
export function useMay(): (permission: string) => boolean {
  const { permissions } = useSession();
  return (permission) => permissions.includes(permission);
}

/** Whether the account has one of the roles. */
export function useHasRole(): (...roles: Role[]) => boolean {
  const session = useSession();
  return (...roles) => roles.some((role) => session.roles.includes(role));
}
