// The typed client of the console's server: same origin, session cookie, the header that other sites cannot set.

import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { ErrorDetail } from "./types";

/** An answer that is no success, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: ErrorDetail,
  ) {
    super(detail.message_en);
    this.name = "ApiError";
  }
}

/** One method per HTTP verb, typed by the paths of the OpenAPI document. */
export const client = createClient<paths>({
  baseUrl: "",
  credentials: "same-origin",
  headers: { "x-fengsui-csrf": "1" },
  fetch: send,
});

const UNREACHABLE: ErrorDetail = {
  code: "unreachable",
  message_zh: "连接不上服务器，请检查网络后重试",
  message_en: "the server cannot be reached; check the network and try again",
  field: null,
};

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, UNREACHABLE);
  }
}

/** The body of an answer; an [`ApiError`] when it is no success. */
export async function body<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ApiError(response.status, errorDetail(response.status, error));
  return data as T;
}

function errorDetail(status: number, error: unknown): ErrorDetail {
  const told = (error as { error?: Partial<ErrorDetail> } | undefined)?.error;
  return {
    code: `http_${status}`,
    message_zh: `服务器返回状态 ${status}`,
    message_en: `the server answered with status ${status}`,
    field: null,
    ...told,
  };
}
