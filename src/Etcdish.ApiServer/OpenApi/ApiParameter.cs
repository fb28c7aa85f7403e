namespace Etcdish.ApiServer.OpenApi;

/// <summary>A parameter of requests, in their path or their query.</summary>
internal sealed record ApiParameter(string Name, string Type, string Text, bool IsInPath = false)
{
    private static readonly ApiParameter _dryRun = new(
        "dryRun", "string", "With All, everything is checked and answered as if it were done, and nothing is stored.");

    private static readonly ApiParameter _fieldManager = new(
        "fieldManager", "string", "Who writes: the name under which the fields are owned that the request sets. At most 128 characters.");

    private static readonly ApiParameter _fieldValidation = new(
        "fieldValidation",
        "string",
        "What becomes of fields that are unknown or appear twice: Ignore drops them, Warn (the default) drops them and says so, Strict "
        + "refuses the request.");

    private static readonly ApiParameter _continue = new(
        "continue", "string", "The token of the page before: goes on with the list where that page ended, at the same revision.");

    private static readonly ApiParameter _fieldSelector = new(
        "fieldSelector", "string", "Only objects with these values of fields, such as metadata.name=a,status.phase!=Running.");

    private static readonly ApiParameter _labelSelector = new(
        "labelSelector", "string", "Only objects with these labels, such as app=web,tier in (front,back),!old.");

    private static readonly ApiParameter _limit = new(
        "limit", "integer", "The most objects that one answer may hold. If there are more, its metadata.continue fetches the next page.");

    private static readonly ApiParameter _resourceVersion = new(
        "resourceVersion", "string", "The revision to read at or to watch from; resourceVersionMatch says how exactly.");

    private static readonly ApiParameter _resourceVersionMatch = new(
        "resourceVersionMatch", "string", "Exact: at resourceVersion and no other. NotOlderThan: there or later.");

    public static IReadOnlyList<ApiParameter> Common { get; } =
    [
        new("pretty", "string", "With true, the answer is indented for people."),
    ];

    public static ApiParameter ObjectName { get; } = new("name", "string", "The name of the object.", IsInPath: true);

    public static ApiParameter Namespace { get; } = new("namespace", "string", "The namespace of the object.", IsInPath: true);

    public static IReadOnlyList<ApiParameter> List { get; } =
    [
        new("allowWatchBookmarks", "boolean", "A watch may also send bookmarks: events that only say which revision it has reached."),
        _continue,
        _fieldSelector,
        _labelSelector,
        _limit,
        _resourceVersion,
        _resourceVersionMatch,
        new("sendInitialEvents", "boolean", "A watch begins with what is there, and with a bookmark behind it."),
        new("timeoutSeconds", "integer", "How long a list may take, or a watch may last."),
        new("watch", "boolean", "Instead of a list, a stream of changes behind resourceVersion."),
    ];

    public static IReadOnlyList<ApiParameter> Write { get; } = [_dryRun, _fieldManager, _fieldValidation];

    public static IReadOnlyList<ApiParameter> Patch { get; } =
    [
        .. Write,
        new("force", "boolean", "Of an apply: fields that others own are taken from them. Else such an apply is a conflict."),
    ];

    public static IReadOnlyList<ApiParameter> Delete { get; } =
    [
        _dryRun,
        new("gracePeriodSeconds", "integer", "How long the object may take to end; 0 removes it at once. Absent: as the object says."),
        new("orphanDependents", "boolean", "Deprecated form of propagationPolicy: true is Orphan."),
        new(
            "propagationPolicy",
            "string",
            "What becomes of objects that this one owns: Orphan leaves them, Background deletes them afterwards, Foreground before."),
    ];

    public static IReadOnlyList<ApiParameter> DeleteCollection { get; } =
    [
        _continue, _fieldSelector, _labelSelector, _limit, _resourceVersion, _resourceVersionMatch, .. Delete,
    ];
}
