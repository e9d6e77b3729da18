import "../styles/tokens.css";
import "../styles/console.css";

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "../api/client";
import { App } from "./app";
import { Appearance } from "./core/appearance";
import { NoticesProvider } from "./core/notices";
import { PreferencesProvider } from "./core/preferences";

/** Answers that asking again will not change. */
const isFinal = (error: unknown): boolean => error instanceof ApiError && error.status >= 400 && error.status < 500;

/** A session that ended, or that has to change its password, shows the page for it whatever was asked. */
const onError = (error: unknown): void => {
  if (error instanceof ApiError && (error.status === 401 || error.status === 423)) {
    void client.invalidateQueries({ queryKey: ["session"] });
  }
};

const client = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { staleTime: 10_000, refetchOnWindowFocus: false, retry: (count, error) => count < 2 && !isFinal(error) },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <PreferencesProvider>
        <Appearance>
          <QueryClientProvider client={client}>
            <NoticesProvider>
              <App />
            </NoticesProvider>
          </QueryClientProvider>
        </Appearance>
      </PreferencesProvider>
    </StrictMode>,
  );
}
