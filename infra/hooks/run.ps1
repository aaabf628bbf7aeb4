# azd's hooks on Windows: `infra/hooks/run.ps1 STEP`. The steps are in tools/provision; Python 3.13
# gets an environment of its own, because tools/setup.sh needs a POSIX shell.
param([Parameter(Mandatory = $true)][string]$Step)
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '../..')

function Assert-Success([string]$What) {
  if ($LASTEXITCODE -ne 0) { throw "$What failed with exit code $LASTEXITCODE" }
}

$folder = Join-Path '.azure' '.hooks'
$python = Join-Path $folder 'Scripts/python.exe'
$stamp = Join-Path $folder 'requirements.txt'
$pins = Get-Content requirements.txt -Raw
if (-not (Test-Path $stamp) -or (Get-Content $stamp -Raw) -ne $pins) {
  py -3.13 -m venv --clear $folder
  Assert-Success 'Python 3.13'
  & $python -m pip install --quiet --disable-pip-version-check -r requirements.txt
  Assert-Success 'pip'
  Set-Content -Path $stamp -Value $pins -NoNewline
}
& $python -m tools.provision $Step
exit $LASTEXITCODE
