"""The window: the only part of the program that knows Dear PyGui.

Everything a person does ends in the `Session`, and everything on the screen is read from it, once in a frame:

    mouse, keyboard -> gestures, commands -> Session -> panels, canvases, viewport
                                              |   ^
                                    requests  v   |  pictures, results
                                      RenderLane, TaskLane (a thread each)

    app             the program: command line, frame loop          pace        how often a frame is drawn
    session         what is open and what is going on              editor      history, selection, drags
    eye, orbit      from where the avatar is looked at             engine      what draws it
    render_lane     newest request wins                            task_lane   slow work, one after the other
    tasks           open, solve, save; export_tasks                commands    the one table of commands and keys
    gestures        clicks and drags; photo_gestures, avatar_gestures say what they mean where
    layout          where everything is; canvas, viewport, divider, status_line draw it on a surface with a pen
    window          puts it together, with panels, dialogs and what has to be asked

What can be told without a window does not import Dear PyGui: session, editor, eye, orbit, engine, both lanes, tasks,
commands, gestures, layout, backdrop, and the arithmetic of photo_transform, camera_pose and folder_listing.
"""
