"""What the provider answers with: JSON for programs, one page for people."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from werkzeug.wrappers import Response


def json_answer(document: dict[str, Any], status: int = 200) -> Response:
    """JSON that pages of any origin may read: nothing here depends on cookies."""
    response = Response(json.dumps(document), status, content_type="application/json")
    response.headers["access-control-allow-origin"] = "*"
    response.headers["cache-control"] = "no-store"
    return response


def sign_in_page(workspaces: Sequence[str]) -> Response:
    """The form that asks who to be; it is sent to the address that it came from."""
    options = "".join(f'<option value="{escape(workspace)}">' for workspace in workspaces)
    page = _PAGE.format(workspace=escape(workspaces[0] if workspaces else ""), options=options)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["content-security-policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    return response


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development sign-in</title>
<style>
  :root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }}
  body {{ display: grid; place-content: center; min-height: 90vh; margin: 0 1rem }}
  main {{ max-width: 22rem }}
  h1 {{ font-size: 1.4rem }}
  form {{ display: grid; gap: 1rem }}
  label {{ display: grid; gap: .25rem }}
  fieldset {{ border: 0; padding: 0; margin: 0 }}
  fieldset label {{ display: inline-flex; gap: .5rem; margin-right: 1rem }}
  input, button {{ font: inherit; padding: .5rem .75rem }}
</style>
<main>
<h1>Development sign-in</h1>
<p>Be whoever you like: there are no passwords on this machine.</p>
<form method="post">
  <label>Email
    <input name="email" type="email" required maxlength="254" value="ada@acme.example"></label>
  <label>Workspace <input name="workspace_id" required maxlength="64" list="workspaces"
    value="{workspace}"></label>
  <datalist id="workspaces">{options}</datalist>
  <fieldset>
    <label><input type="radio" name="role" value="admin" checked> Admin</label>
    <label><input type="radio" name="role" value="member"> Member</label>
  </fieldset>
  <button>Sign in</button>
</form>
</main>
</html>
"""
