"""A Functions app that does nothing: what a start costs before the app's own code."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="health", methods=["GET"])
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Say that the app runs."""
    return func.HttpResponse('{"status": "ok"}', mimetype="application/json")
